using System.Globalization;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Testing.Wal;

/// <summary>The bodies that decide where recovery can end: transactions, checkpoints, restore points, timelines.</summary>
public sealed partial class WaldumpComparison
{
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
                _text.Append(' ').Append(PathOf(end.DroppedRelation(i), record.Major));
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
}
