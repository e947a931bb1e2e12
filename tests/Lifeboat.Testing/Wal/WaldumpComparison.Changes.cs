using System.Globalization;
using System.Text.RegularExpressions;
using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Testing.Wal;

/// <summary>
/// The bodies that say what changed. pg_waldump's wording differs from major to major: compared are words and numbers,
/// without the signs between them.
/// </summary>
public sealed partial class WaldumpComparison
{
    private void CompareChange(in WalRecord record, string description)
    {
        switch (record.Rmgr)
        {
            case ResourceManager.Storage:
                CompareStorage(record, description);
                break;
            case ResourceManager.Database:
                CompareDatabase(record, description);
                break;
            case ResourceManager.Heap or ResourceManager.Heap2:
                CompareHeap(record, description);
                break;
            case ResourceManager.Transaction when !TransactionEnd.Matches(record):
                CompareUnfinishedTransaction(record, description);
                break;
            case ResourceManager.RelMap:
                Judge(
                    record,
                    description,
                    RelMapUpdate.TryParse(record, out var map) && map.Count > 0,
                    $"UPDATE database {map.Database} tablespace {map.Tablespace} size");
                break;
            case ResourceManager.Sequence:
                Judge(
                    record,
                    description,
                    SequenceChange.TryParse(record, out var sequence),
                    $"LOG rel {sequence.Relation}.");
                break;
            case ResourceManager.LogicalMessage:
                CompareMessage(record, description);
                break;
            case ResourceManager.Standby when StandbyLocks.Matches(record):
                CompareLocks(record, description);
                break;
            case ResourceManager.Xlog:
                CompareSettings(record, description);
                break;
            default:
                break;
        }
    }

    private void CompareStorage(in WalRecord record, string description)
    {
        if (SmgrCreate.Matches(record))
        {
            var read = SmgrCreate.TryParse(record, out var create);
            var suffix = create.Fork == RelationFork.Main ? "" : $"_{ForkNames[(int)create.Fork]}";
            Judge(record, description, read, $"CREATE {PathOf(create.Relation, record.Major)}{suffix}.");
        }
        else
        {
            Judge(
                record,
                description,
                SmgrTruncate.TryParse(record, out var truncate),
                $"TRUNCATE {PathOf(truncate.Relation, record.Major)} to {truncate.Block} blocks"
                + $" flags {(int)truncate.Forks}.");
        }
    }

    private void CompareDatabase(in WalRecord record, string description)
    {
        if (DatabaseDrop.Matches(record))
        {
            var read = DatabaseDrop.TryParse(record, out var drop);
            var text = "DROP dir";
            for (var i = 0; i < drop.Tablespaces.Count; i++)
            {
                text += $" {drop.Tablespaces[i]}/{drop.Database}";
            }

            Judge(record, description, read && drop.Tablespaces.Count > 0, text + ".");
            return;
        }

        var isRead = DatabaseCreate.TryParse(record, out var create);
        Judge(
            record,
            description,
            isRead,
            create.Strategy == DatabaseCreateStrategy.WalLog
                ? $"CREATE_WAL_LOG create dir {create.Tablespace}/{create.Database}."
                : $"{(record.Major >= 15 ? "CREATE_FILE_COPY" : "CREATE")} copy dir"
                    + $" {create.SourceTablespace}/{create.SourceDatabase} to {create.Tablespace}/{create.Database}.");
    }

    private void CompareHeap(in WalRecord record, string description)
    {
        if (HeapTruncate.Matches(record))
        {
            var read = HeapTruncate.TryParse(record, out var truncate);
            var relations = "";
            for (var i = 0; i < truncate.Relations.Count; i++)
            {
                relations += $" {truncate.Relations[i]}";
            }

            Judge(record, description, read, "TRUNCATE", $" nrelids {truncate.Relations.Count} relids{relations}.");
            Expect(description, Has(description, "cascade") ? "1" : "0", truncate.IsCascade ? "1" : "0");
            Expect(description, Has(description, "restart_seqs") ? "1" : "0", truncate.RestartsSequences ? "1" : "0");
            return;
        }

        if (!HeapChange.Matches(record))
        {
            // What is no change of rows must not be named like one.
            if (RowChange().IsMatch(description))
            {
                Differ($"{description}\n   ours: no change of rows");
            }

            return;
        }

        var isRead = HeapChange.TryParse(record, out var change);
        var init = (record.Info & 0x80) != 0 ? "+INIT" : "";
        var flags = $" flags 0x{change.Flags:X2} ";
        string[] phrases = change.Kind switch
        {
            HeapChangeKind.Insert => [$"INSERT{init} off {change.Offset}.", flags],
            HeapChangeKind.MultiInsert =>
                [$"MULTI_INSERT{init}", $" ntuples {change.Rows} | {change.Rows} tuples ", flags],
            HeapChangeKind.Delete => ["DELETE", $" off {change.Offset} ", flags],
            HeapChangeKind.Update => [$"UPDATE{init}", $" new off {change.Offset} | new_off {change.Offset} ", flags],
            HeapChangeKind.HotUpdate =>
                [$"HOT_UPDATE{init}", $" new off {change.Offset} | new_off {change.Offset} ", flags],
            _ => [$"HEAP_CONFIRM off {change.Offset}."],
        };
        Judge(record, description, isRead, phrases);
    }

    private void CompareUnfinishedTransaction(in WalRecord record, string description)
    {
        if (TransactionPrepare.Matches(record))
        {
            var read = TransactionPrepare.TryParse(record, out var prepare);
            List<string> phrases =
                [$"PREPARE gid {System.Text.Encoding.UTF8.GetString(prepare.Gid)} {Words(TimeText(prepare.Time))}"];
            phrases.AddRange(Listed("subxacts", Texts(prepare.Subxacts)));
            phrases.AddRange(Listed("rels commit", Texts(prepare.DroppedAtCommit, record.Major)));
            phrases.AddRange(Listed("rels abort", Texts(prepare.DroppedAtAbort, record.Major)));
            Judge(record, description, read && prepare.Xid == record.Xid, [.. phrases]);
        }
        else if (TransactionAssignment.Matches(record))
        {
            var read = TransactionAssignment.TryParse(record, out var assignment);
            Judge(
                record,
                description,
                read,
                $"ASSIGNMENT xtop {assignment.Top} subxacts {string.Join(' ', Texts(assignment.Subxacts))}.");
        }
    }

    private void CompareMessage(in WalRecord record, string description)
    {
        var read = LogicalMessage.TryParse(record, out var message);
        var kind = message.IsTransactional ? "transactional" : "non-transactional";
        if (record.Major == 13)
        {
            var word = message.IsTransactional ? "transactional" : "nontransactional";
            Judge(record, description, read, $"MESSAGE {word} message size {message.Content.Length} bytes.");
            return;
        }

        var prefix = System.Text.Encoding.UTF8.GetString(message.Prefix);
        Judge(record, description, read, $"MESSAGE {kind} prefix {prefix} payload {message.Content.Length} bytes");
    }

    private void CompareLocks(in WalRecord record, string description)
    {
        var read = StandbyLocks.TryParse(record, out var locks);
        var text = "LOCK";
        for (var i = 0; i < locks.Count; i++)
        {
            text += $" xid {locks[i].Xid} db {locks[i].Database} rel {locks[i].Relation}";
        }

        Judge(record, description, read && locks.Count > 0, text + ".");
    }

    private void CompareSettings(in WalRecord record, string description)
    {
        if (WalCheckpointRedo.Matches(record))
        {
            Judge(
                record,
                description,
                WalCheckpointRedo.TryParse(record, out var redo),
                $"CHECKPOINT_REDO wal_level {redo.WalLevel.ToString().ToLowerInvariant()}.");
        }
        else if (WalParameterChange.Matches(record))
        {
            Judge(
                record,
                description,
                WalParameterChange.TryParse(record, out var change),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"PARAMETER_CHANGE max_connections {change.MaxConnections} ")
                + $"max_worker_processes {change.MaxWorkerProcesses} max_wal_senders {change.MaxWalSenders} "
                + $"max_prepared_xacts {change.MaxPreparedTransactions} "
                + $"max_locks_per_xact {change.MaxLocksPerTransaction} "
                + $"wal_level {change.WalLevel.ToString().ToLowerInvariant()} "
                + $"wal_log_hints {(change.WalLogHints ? "on" : "off")} "
                + $"track_commit_timestamp {(change.TrackCommitTimestamp ? "on" : "off")}.");
        }
    }

    /// <summary>
    /// Compares what we read with the description, word by word: the first phrase begins it, the others are in it, a
    /// dot says that no number or path follows, a bar parts two wordings of which one is there.
    /// </summary>
    private void Judge(in WalRecord record, string description, bool isRead, params ReadOnlySpan<string> phrases)
    {
        Met($"{RmgrNames[record.RmgrId]} {description.TrimEnd()}", words: 2);
        var words = Words(description);
        var agrees = isRead && words.StartsWith(phrases[0].TrimEnd('.'), StringComparison.Ordinal);
        foreach (var phrase in phrases)
        {
            agrees &= phrase.Split('|').Any(wording => Holds(words, wording));
        }

        if (!agrees)
        {
            Differ($"{description}\n   ours: {(isRead ? string.Join(';', phrases.ToArray()) : "unread")}");
        }
    }

    private static bool Holds(string words, string phrase)
    {
        var text = phrase.TrimEnd('.');
        var at = words.IndexOf(text, StringComparison.Ordinal);
        if (at < 0 || text.Length == phrase.Length)
        {
            return at >= 0;
        }

        var behind = words[(at + text.Length)..];
        return behind[0] == ' ' && !NumberOrPath().IsMatch(behind.TrimStart());
    }

    /// <summary>Words, numbers and paths with one space between, before and behind the last.</summary>
    private static string Words(string text) => Separators().Replace(text, " ").TrimStart() + " ";

    private static bool Has(string description, string word) =>
        description.Contains(word, StringComparison.OrdinalIgnoreCase);

    private static string[] Listed(string name, List<string> items) =>
        items.Count == 0 ? [] : [$" {name} {string.Join(' ', items)}."];

    private static List<string> Texts(TransactionIdList xids)
    {
        var texts = new List<string>();
        for (var i = 0; i < xids.Count; i++)
        {
            texts.Add($"{xids[i]}");
        }

        return texts;
    }

    private static List<string> Texts(RelFileLocatorList relations, int major)
    {
        var texts = new List<string>();
        for (var i = 0; i < relations.Count; i++)
        {
            texts.Add(PathOf(relations[i], major));
        }

        return texts;
    }

    /// <summary>The path of a relation's main fork, below the data directory.</summary>
    private static string PathOf(RelFileLocator relation, int major)
    {
        var version = new TablespaceVersionDirectory(major, CatalogVersion.OfMajor(major));
        return $"{new RelationDirectory(relation.Tablespace, relation.Database, version)}/{relation.RelNumber}";
    }

    [GeneratedRegex(@"^([0-9]|base/|global/|pg_tblspc/)", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex NumberOrPath();

    [GeneratedRegex(@"[^\w/.+-]+", RegexOptions.None, 10_000)]
    private static partial Regex Separators();

    [GeneratedRegex(@"^(INSERT|MULTI_INSERT|DELETE|UPDATE|HOT_UPDATE|HEAP_CONFIRM|TRUNCATE)\b", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex RowChange();
}
