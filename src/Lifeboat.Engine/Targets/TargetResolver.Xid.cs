using System.Globalization;
using Lifeboat.Engine.Windows;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Engine.Targets;

/// <summary>Transactions. The answer says whether one committed or aborted, and when; or how it stands at the end.</summary>
public sealed partial class TargetResolver
{
    private async ValueTask<ResolvedTarget> XidAsync(uint xid, CancellationToken cancellationToken)
    {
        var question = new WalQuestion.Xid(new TransactionId(xid), !_target.Exclusive);
        var (backup, stop, last) = await FindFirstAsync(question, cancellationToken);
        if (backup is null || stop is null)
        {
            throw _choice.Unreachable(
                $"transaction {xid}",
                last?.Stop is { } early
                    ? $"it {Ended(early)} at {early.Lsn}, before backup {_choice.Allowed[^1].Id} becomes consistent"
                    : await StandingAsync(question.Id, cancellationToken),
                "Only top-level transactions can be targets; a subtransaction ends with its parent. ");
        }

        return Resolved(
            backup,
            "recovery_target_xid",
            question.Id.ToString(),
            !_target.Exclusive,
            stop.ReplayEnd,
            $"{(_target.Exclusive ? "just before" : "just behind")} the end of transaction {xid}, which {Ended(stop)} "
            + $"at {stop.Lsn}",
            SegmentOf(stop));
    }

    private static string Ended(RecoveryStop stop) => (stop.IsCommit == false ? "aborted" : "committed")
        + (stop.Time is { } time ? $" on {time}" : "");

    /// <summary>
    /// How a transaction that does not end in the archive stands at the end of it: by the last record of running
    /// transactions, and what follows that.
    /// </summary>
    private async ValueTask<string> StandingAsync(TransactionId xid, CancellationToken cancellationToken)
    {
        const string unknown = "no commit or abort of it stands in the archived WAL behind a backup";
        var archive = _choice.Archive;
        var anchor = BackupPoint.Of(_choice.Anchors[0]);
        var run = _choice.Path.RunOf(anchor)!.Value;
        var first = run.Last;
        bool? isRunning = null;
        TransactionId? next = null;
        for (; first > _choice.Path.FirstNeededBy(anchor); first--)
        {
            (isRunning, next, var any) = Standing(xid, await ReadAsync(first));
            if (any)
            {
                break;
            }
        }

        if (next is null)
        {
            (isRunning, next, _) = Standing(xid, await ReadAsync(first));
        }

        // What began since that record shows by its first record only.
        for (var number = first; number <= run.Last && isRunning != true; number++)
        {
            isRunning |= Writes(xid, await ReadAsync(number), ref next);
        }

        return (isRunning, next) switch
        {
            (true, _) => "it is still in progress where the archived WAL ends: neither a commit nor an abort of it is archived",
            (_, { } known) when !xid.Precedes(known) => string.Create(
                CultureInfo.InvariantCulture,
                $"it had not begun where the archived WAL ends: ids up to {unchecked(known.Value - 1)} had been given out"),
            _ => unknown,
        };

        async ValueTask<(WalSegmentName Name, byte[] Content)> ReadAsync(ulong number)
        {
            var name = _choice.Path.NameOf(number);
            var (content, _) = await Wal.Pieces.ArchivedSegment.ReadAsync(
                _search.Cluster, archive.Find(name)!, archive.Size, cancellationToken);
            return (name, content);
        }
    }

    private static (bool? IsRunning, TransactionId? Next, bool Any) Standing(
        TransactionId xid, (WalSegmentName Name, byte[] Content) segment)
    {
        var reader = new WalRecordReader();
        reader.Supply(segment.Name, segment.Content);
        bool? isRunning = null;
        TransactionId? next = null;
        while (reader.TryRead(out var record))
        {
            if (!RunningTransactions.TryParse(record, out var running))
            {
                continue;
            }

            next = running.Next;
            isRunning = false;
            for (var at = 0; at < running.Xids.Count; at++)
            {
                isRunning |= running.Xids[at] == xid;
            }
        }

        return (isRunning, next, next is not null);
    }

    /// <param name="next">Raised above every transaction that writes.</param>
    private static bool Writes(
        TransactionId xid, (WalSegmentName Name, byte[] Content) segment, ref TransactionId? next)
    {
        var reader = new WalRecordReader();
        reader.Supply(segment.Name, segment.Content);
        while (reader.TryRead(out var record))
        {
            if (record.Xid == xid)
            {
                return true;
            }

            if (record.Xid.IsNormal && next is { } known && !record.Xid.Precedes(known))
            {
                next = new TransactionId(unchecked(record.Xid.Value + 1));
            }
        }

        return false;
    }
}
