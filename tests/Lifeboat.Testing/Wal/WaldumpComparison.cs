using System.Globalization;
using System.Text;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Testing.Wal;

/// <summary>
/// Reads segments with our reader and compares every record with the line that PostgreSQL's own pg_waldump printed for
/// it: resource manager, lengths, transaction, both LSNs, every block reference, and for the records whose bodies are
/// parsed what the description says. One instance is one comparison.
/// </summary>
public sealed class WaldumpComparison(IEnumerable<string> lines)
{
    private const string BlockMark = ", blkref #";
    private const int MostDifferences = 20;

    private static readonly string[] RmgrNames =
    [
        "XLOG", "Transaction", "Storage", "CLOG", "Database", "Tablespace", "MultiXact", "RelMap", "Standby", "Heap2",
        "Heap", "Btree", "Hash", "Gin", "Gist", "Sequence", "SPGist", "BRIN", "CommitTs", "ReplicationOrigin",
        "Generic", "LogicalMessage",
    ];

    private static readonly string[] ForkNames = ["main", "fsm", "vm", "init"];

    private readonly List<string> _differences = [];
    private readonly StringBuilder _text = new();

    public IReadOnlyList<string> Differences => _differences;

    /// <summary>Records compared.</summary>
    public int Records { get; private set; }

    /// <summary>
    /// Records of each kind whose body was compared too: a comparison that met none proves nothing of it.
    /// </summary>
    public Dictionary<string, int> Bodies { get; } = new(StringComparer.Ordinal);

    /// <summary>Block references compared, and those among them with a page image.</summary>
    public (int All, int Images) Blocks { get; private set; }

    /// <summary>Compares records and lines one by one, and then whether as many are left of both.</summary>
    /// <returns>The reader as it stands at the end.</returns>
    public WalRecordReader Run(IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments)
    {
        var reader = new WalRecordReader();
        using var line = lines.Where(l => l.StartsWith("rmgr:", StringComparison.Ordinal)).GetEnumerator();
        foreach (var (name, content) in segments)
        {
            if (reader.State != WalReaderState.NeedsMore)
            {
                break;
            }

            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                Records++;
                if (!line.MoveNext())
                {
                    Differ($"{record.Lsn}: pg_waldump has no such record");
                    return reader;
                }

                Compare(record, line.Current);
            }
        }

        if (line.MoveNext())
        {
            Differ($"{reader.Position} {reader.State} {reader.Reason}: pg_waldump goes on with {line.Current}");
        }

        return reader;
    }

    private void Compare(in WalRecord record, string line)
    {
        var description = line.IndexOf(", desc: ", StringComparison.Ordinal);
        var blocks = line.IndexOf(BlockMark, StringComparison.Ordinal);
        Expect(line, line.AsSpan(0, description), HeaderText(record));
        Expect(line, blocks < 0 ? "" : line.AsSpan(blocks).TrimEnd(), BlockText(record));
        CompareBody(record, line[(description + ", desc: ".Length)..]);
    }

    private void Expect(string line, ReadOnlySpan<char> theirs, string ours)
    {
        if (!theirs.SequenceEqual(ours))
        {
            Differ($"{line}\n   ours: {ours}");
        }
    }

    private void Differ(string text)
    {
        if (_differences.Count < MostDifferences)
        {
            _differences.Add(text);
        }
    }

    private static string HeaderText(in WalRecord record)
    {
        var images = 0;
        foreach (var block in record.Blocks)
        {
            images += block.ImageLength;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"rmgr: {RmgrNames[record.RmgrId],-11} len (rec/tot): {record.TotalLength - images,6}/{record.TotalLength,6}")
            + string.Create(
                CultureInfo.InvariantCulture,
                $", tx: {record.Xid.Value,10}, lsn: {Padded(record.Lsn)}, prev {Padded(record.PrevLsn)}");
    }

    private static string Padded(Lsn lsn) => $"{lsn.Value >> 32:X}/{(uint)lsn.Value:X8}";

    private string BlockText(in WalRecord record)
    {
        _text.Clear();
        foreach (var block in record.Blocks)
        {
            Blocks = (Blocks.All + 1, Blocks.Images + (block.HasImage ? 1 : 0));
            _text.Append(CultureInfo.InvariantCulture, $"{BlockMark}{block.Id}: rel {block.Relation}");
            if (block.Fork != RelationFork.Main)
            {
                _text.Append(" fork ").Append(ForkNames[(int)block.Fork]);
            }

            _text.Append(CultureInfo.InvariantCulture, $" blk {block.Block}");
            if (block.HasImage)
            {
                _text.Append(block.AppliesImage ? " FPW" : " FPW for WAL verification");
            }
        }

        return _text.ToString();
    }

    private void CompareBody(in WalRecord record, string description)
    {
        if (TransactionEnd.Matches(record))
        {
            Met(description);
            CompareTransactionEnd(record, description);
        }
        else if (WalCheckpoint.Matches(record))
        {
            Met(description);
            if (!WalCheckpoint.TryParse(record, out var checkpoint)
                || !description.StartsWith(
                    checkpoint.IsShutdown ? "CHECKPOINT_SHUTDOWN" : "CHECKPOINT_ONLINE", StringComparison.Ordinal)
                || !description.Contains(
                    $" redo {checkpoint.Redo}; tli {checkpoint.Timeline}; prev tli {checkpoint.PrevTimeline};",
                    StringComparison.Ordinal)
                || !description.Contains(
                    $" xid {checkpoint.NextXid >> 32}:{(uint)checkpoint.NextXid};", StringComparison.Ordinal))
            {
                Differ($"{description}\n   ours: {checkpoint}");
            }
        }
        else if (WalRestorePoint.Matches(record))
        {
            Met(description);
            if (!WalRestorePoint.TryParse(record, out var point)
                || description.TrimEnd() != $"RESTORE_POINT {point.Name}")
            {
                Differ($"{description}\n   ours: {point}");
            }
        }
        else if (WalEndOfRecovery.Matches(record))
        {
            Met(description);
            if (!WalEndOfRecovery.TryParse(record, out var end)
                || !description.StartsWith(
                    $"END_OF_RECOVERY tli {end.Timeline}; prev tli {end.PrevTimeline}; time {TimeText(end.Time)}",
                    StringComparison.Ordinal))
            {
                Differ($"{description}\n   ours: {end}");
            }
        }
        else if (WalOverwrittenContrecord.Matches(record))
        {
            Met(description);
            if (!WalOverwrittenContrecord.TryParse(record, out var overwritten)
                || description.TrimEnd()
                    != $"OVERWRITE_CONTRECORD lsn {overwritten.Overwritten}; time {TimeText(overwritten.Time)}")
            {
                Differ($"{description}\n   ours: {overwritten}");
            }
        }

        CompareWalLevel(record, description);
    }

    private void CompareTransactionEnd(in WalRecord record, string description)
    {
        var ours = "nothing";
        if (TransactionEnd.TryParse(record, out var end))
        {
            _text.Clear();
            _text.Append(end.IsCommit ? "COMMIT" : "ABORT");
            if (end.IsPrepared)
            {
                _text.Append(CultureInfo.InvariantCulture, $"_PREPARED {end.Xid}:");
            }

            _text.Append(' ').Append(TimeText(end.Time));
            if (end.DroppedRelationCount > 0)
            {
                _text.Append("; rels:");
            }

            for (var i = 0; i < end.DroppedRelationCount; i++)
            {
                var relation = end.DroppedRelation(i);
                _text.Append(CultureInfo.InvariantCulture, $" base/{relation.Database}/{relation.RelNumber}");
            }

            if (end.SubxactCount > 0)
            {
                _text.Append("; subxacts:");
            }

            for (var i = 0; i < end.SubxactCount; i++)
            {
                _text.Append(CultureInfo.InvariantCulture, $" {end.Subxact(i)}");
            }

            ours = _text.ToString();
        }

        var rest = description.StartsWith(ours, StringComparison.Ordinal) ? description[ours.Length..].TrimEnd() : "?";
        if (rest.Length != 0 && rest[0] != ';')
        {
            Differ($"{description}\n   ours: {ours}");
        }
    }

    private void CompareWalLevel(in WalRecord record, string description)
    {
        var mark = description.IndexOf("wal_level", StringComparison.Ordinal);
        var told = WalLevelChange.TryParse(record, out var change) ? change.Level.ToString().ToLowerInvariant() : "";

        // An online checkpoint repeats the level at its redo position; it is no news there.
        if (record.RmgrId != 0 || description.StartsWith("CHECKPOINT_ONLINE", StringComparison.Ordinal))
        {
            return;
        }

        var theirs = mark < 0 ? "" : description[(mark + "wal_level ".Length)..].Split(' ', ';')[0];
        if (theirs != told)
        {
            Differ($"{description}\n   ours: wal_level {told}");
        }

        if (mark >= 0)
        {
            Met("wal_level");
        }
    }

    private void Met(string description)
    {
        var kind = description.Split(' ')[0];
        Bodies[kind] = Bodies.GetValueOrDefault(kind) + 1;
    }

    /// <summary>As pg_waldump prints a time under TZ=UTC.</summary>
    private static string TimeText(PgTimestamp time) =>
        time.ToString().Replace("+00", " UTC", StringComparison.Ordinal);
}
