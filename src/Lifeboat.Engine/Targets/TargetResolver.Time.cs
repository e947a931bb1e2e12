using Lifeboat.Engine.Windows;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Targets;

/// <summary>Times. They become positions: PostgreSQL fails at a time behind which no commit follows.</summary>
/// <remarks>
/// PostgreSQL ends before the first commit or abort, in the order of the WAL, that is later than the time. So the search
/// must begin at a backup before which nothing later was committed: one that had ended by then. A backup that ended after
/// the time can still be the one to restore, when the record at which recovery ends lies behind it.
/// </remarks>
public sealed partial class TargetResolver
{
    private async ValueTask<ResolvedTarget> TimeAsync(DateTimeOffset time, CancellationToken cancellationToken)
    {
        var subject = $"time {TargetChoice.Moment(time)}";
        var question = new WalQuestion.Time(time, !_target.Exclusive);
        var anchors = _choice.Anchors.Where(backup => backup.StopTime <= time).ToList();
        if (anchors.Count == 0)
        {
            // Between a backup's start and its end: sound unless something was committed later than the time before the
            // backup's redo position, and then PostgreSQL itself would not notice it either.
            anchors = [.. _choice.Anchors.Where(backup => backup.StartTime <= time)];
        }

        WalSearchResult? found = null;
        foreach (var anchor in anchors)
        {
            found = await _search.RunAsync(BackupPoint.Of(anchor), question, cancellationToken);
            if (found.Stop is { } stop && stop.Lsn >= anchor.StopLsn)
            {
                return await BeforeAsync(time, stop, cancellationToken);
            }

            if (found.Stop is null && found.EndOfRecords >= anchor.StopLsn)
            {
                return AtEnd(time, anchor, found);
            }
        }

        var earliest = _choice.Anchors[^1];
        throw _choice.Unreachable(
            subject,
            anchors.Count == 0 || found?.Stop is not null
                ? $"it lies before {TargetChoice.Moment(earliest.StopTime)}, when the oldest usable backup {earliest.Id} ended"
                : $"no backup that had ended by then becomes consistent: {found?.Break}");
    }

    /// <summary>Recovery ends before this record: the newest backup allowed that ended before it serves best.</summary>
    private async ValueTask<ResolvedTarget> BeforeAsync(
        DateTimeOffset time, RecoveryStop stop, CancellationToken cancellationToken)
    {
        var backup = _choice.Allowed.FirstOrDefault(known => known.StopLsn <= stop.Lsn)
            ?? throw _choice.Unreachable(
                $"time {TargetChoice.Moment(time)}",
                $"recovery would end at {stop.Lsn}, before {_choice.Allowed[^1].StopLsn}, where backup "
                + $"{_choice.Allowed[^1].Id} becomes consistent",
                "An older backup can: leave --backup away. ");
        var reached = await _search.RunAsync(
            BackupPoint.Of(backup), new WalQuestion.Position(stop.Lsn, Inclusive: false), cancellationToken);
        if (reached.Stop is null)
        {
            throw _choice.Unreachable(
                $"time {TargetChoice.Moment(time)}",
                $"from backup {backup.Id} the archived WAL leads to {reached.EndOfRecords ?? backup.StopLsn} only: "
                + reached.Break);
        }

        return Resolved(
            backup,
            "recovery_target_lsn",
            stop.Lsn.ToString(),
            inclusive: false,
            stop.Lsn,
            $"{TargetChoice.Moment(time)}: just before the commit or abort at {stop.Lsn}, {stop.Time}, the first "
            + (_target.Exclusive ? "not earlier" : "later"),
            SegmentOf(stop));
    }

    /// <summary>
    /// Nothing archived was committed later. That is an answer only when something shows that the archive goes on to this
    /// time: a checkpoint or a backup that is later. Otherwise the commits up to it may not have arrived yet.
    /// </summary>
    private ResolvedTarget AtEnd(DateTimeOffset time, BackupManifest anchor, WalSearchResult found)
    {
        var evidence = found.GreatestTime >= time
            || _choice.Anchors.Any(backup => backup.StopTime >= time && backup.StopLsn <= found.EndOfRecords
                && backup.StopLsn >= anchor.StopLsn);
        if (!evidence || found.LastRecord is not { } last)
        {
            throw _choice.Unreachable(
                $"time {TargetChoice.Moment(time)}",
                $"the archived WAL ends before it, at {found.EndOfRecords}: {found.Break}",
                (found.LastCommit is { } commit
                    ? $"The last commit that can be recovered is of {TargetChoice.Moment(commit)}. "
                    : "No commit is archived behind the backup. ")
                + NearestLsn(found));
        }

        var backup = _choice.Allowed.FirstOrDefault(
                known => known.StopLsn <= found.EndOfRecords && known.StopLsn >= anchor.StopLsn)
            ?? _choice.Allowed.FirstOrDefault(known => known.StopLsn <= anchor.StopLsn
                && _choice.Path.RunOf(BackupPoint.Of(known)) == _choice.Path.RunOf(BackupPoint.Of(anchor)))
            ?? throw _choice.Unreachable(
                $"time {TargetChoice.Moment(time)}",
                $"the backup asked for becomes consistent at {_choice.Allowed[0].StopLsn} only, or lacks WAL behind it",
                "Leave --backup away. ");
        return Resolved(
            backup,
            "recovery_target_lsn",
            last.ToString(),
            inclusive: true,
            found.EndOfRecords,
            $"{TargetChoice.Moment(time)}: all that is archived up to {found.EndOfRecords}; nothing in it was committed later",
            LastSegment(found));
    }
}
