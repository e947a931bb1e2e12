using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Targets;

/// <summary>
/// Finds a recovery target in the archive, before anything is written anywhere: from which backup, along which timeline,
/// and by which settings PostgreSQL ends exactly there.
/// </summary>
public sealed partial class TargetResolver
{
    private readonly TargetChoice _choice;
    private readonly RecoveryTarget _target;
    private readonly WalSearch _search;

    private TargetResolver(TargetChoice choice, RecoveryTarget target, WalSearch search)
    {
        _choice = choice;
        _target = target;
        _search = search;
    }

    private Timeline Timeline => _choice.Path.Timeline;

    /// <param name="backup">Id, beginning of one, or <c>latest</c>; null: the newest that the target allows.</param>
    /// <param name="lineage">
    /// The lineage to follow; null: the backup's, and without one that of the server for which the cluster was made.
    /// </param>
    /// <exception cref="LifeboatException">
    /// TargetUnreachable, with the points that can be reached in the hint; NotFound: no such backup; Usage: a target that is
    /// not whole. Errors of the store.
    /// </exception>
    public static async ValueTask<ResolvedTarget> ResolveAsync(
        Cluster cluster,
        RecoveryTarget target,
        string? backup,
        CancellationToken cancellationToken,
        Id128? lineage = null)
    {
        var choice = await TargetChoice.MakeAsync(cluster, target, backup, lineage, cancellationToken);
        var search = new WalSearch(choice.Archive, choice.Path, new WalFactsCache(cluster, choice.Archive.Size));
        var resolver = new TargetResolver(choice, target, search);
        return target switch
        {
            { Kind: RecoveryTargetKind.Latest } => await resolver.LatestAsync(cancellationToken),
            { Kind: RecoveryTargetKind.Immediate } => resolver.Immediate(),
            { Kind: RecoveryTargetKind.Lsn, Lsn: { } lsn } => await resolver.LsnAsync(lsn, cancellationToken),
            { Kind: RecoveryTargetKind.Name, Name: { } name } => await resolver.NameAsync(name, cancellationToken),
            { Kind: RecoveryTargetKind.Xid, Xid: { } xid } => await resolver.XidAsync(xid, cancellationToken),
            { Kind: RecoveryTargetKind.Time, Time: { } time } => await resolver.TimeAsync(time, cancellationToken),
            _ => throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                "find the recovery target",
                target.Kind.ToString(),
                "the target does not say its value",
                Hint: "Give one of --target-time, --target-lsn, --target-xid, --target-name.")),
        };
    }

    private async ValueTask<ResolvedTarget> LatestAsync(CancellationToken cancellationToken)
    {
        var backup = _choice.Allowed[0];
        var found = await _search.RunAsync(BackupPoint.Of(backup), new WalQuestion.End(), cancellationToken);
        RequireConsistent(backup, found, "the end of the archived WAL");
        var words = $"all that is archived on timeline {Timeline}, up to {found.EndOfRecords}"
            + (found.LastCommit is { } commit ? $", last commit {TargetChoice.Moment(commit)}" : "")
            + PassedOver(backup);

        // Without a target PostgreSQL promotes at the end whatever action was asked for.
        var resolved = _target.Action == RecoveryTargetAction.Promote || found.LastRecord is not { } last
            ? Resolved(backup, null, "", null, found.EndOfRecords, words, LastSegment(found))
            : Resolved(
                backup, "recovery_target_lsn", last.ToString(), true, found.EndOfRecords, words, LastSegment(found));
        return resolved with { LeftBehind = LeftBehind(found) };
    }

    /// <summary>Whoever wants all must hear that there is more, and what keeps it away.</summary>
    private string? LeftBehind(WalSearchResult found)
    {
        var newest = _choice.Path.NameOf(_choice.Path.Runs[^1].Last);
        return newest.Number > LastSegment(found).Number
            ? $"WAL is archived up to segment {newest}, and this recovery ends at {found.EndOfRecords}: {found.Break}. "
                + "What was committed behind it is lost to this recovery; see whether the missing WAL is still in pg_wal of "
                + "a server or a standby, and archive it there by 'lifeboat wal push'"
            : null;
    }

    private ResolvedTarget Immediate()
    {
        var backup = _choice.Allowed[0];
        return Resolved(
            backup,
            "recovery_target",
            "immediate",
            inclusive: null,
            backup.StopLsn,
            $"the end of backup {backup.Id} at {backup.StopLsn}, {TargetChoice.Moment(backup.StopTime)}"
            + PassedOver(backup),
            _choice.Path.NameOf(_choice.Path.LastNeededBy(BackupPoint.Of(backup))));
    }

    private async ValueTask<ResolvedTarget> LsnAsync(Lsn lsn, CancellationToken cancellationToken)
    {
        var subject = $"LSN {lsn}";
        var question = new WalQuestion.Position(lsn, !_target.Exclusive);
        WalSearchResult? found = null;
        // A backup that becomes consistent behind the position still serves when the record there leads so far.
        foreach (var backup in _choice.Allowed.Where(known => known.StopLsn <= lsn
            || (!_target.Exclusive && known.StartLsn <= lsn)))
        {
            found = await _search.RunAsync(BackupPoint.Of(backup), question, cancellationToken);
            if (found.Stop is { } stop && stop.ReplayEnd >= backup.StopLsn)
            {
                return Resolved(
                    backup,
                    "recovery_target_lsn",
                    lsn.ToString(),
                    !_target.Exclusive,
                    stop.ReplayEnd,
                    $"{(_target.Exclusive ? "just before" : "just behind")} the record at {stop.Lsn}, the first at or "
                    + $"behind {lsn}",
                    SegmentOf(stop));
            }

            if (found.Stop is null && found.LastRecord is { } last && found.EndOfRecords >= lsn
                && found.EndOfRecords >= backup.StopLsn)
            {
                // No record begins there yet. PostgreSQL would wait for one, and all that is before it is archived.
                return Resolved(
                    backup,
                    "recovery_target_lsn",
                    last.ToString(),
                    inclusive: true,
                    found.EndOfRecords,
                    $"all that is archived up to {found.EndOfRecords}: no record begins at or behind {lsn}",
                    LastSegment(found));
            }

            if (backup.StopLsn <= lsn)
            {
                throw _choice.Unreachable(
                    subject,
                    $"from backup {backup.Id} the archived WAL leads to {found.EndOfRecords ?? backup.StopLsn} only: "
                    + found.Break,
                    NearestLsn(found));
            }
        }

        throw _choice.Unreachable(
            subject,
            $"it lies before {_choice.Allowed[^1].StopLsn}, where backup {_choice.Allowed[^1].Id} becomes consistent");
    }

    private async ValueTask<ResolvedTarget> NameAsync(string name, CancellationToken cancellationToken)
    {
        var (backup, stop, last) = await FindFirstAsync(new WalQuestion.Name(name), cancellationToken);
        if (backup is null || stop is null)
        {
            var known = last?.RestorePoints.Select(point => point.Point.Name).Distinct(StringComparer.Ordinal).TakeLast(8).ToList();
            throw _choice.Unreachable(
                $"restore point {name}",
                last?.Stop is { } early
                    ? $"it stands at {early.Lsn}, before backup {_choice.Allowed[^1].Id} becomes consistent"
                    : $"no restore point of this name is archived behind a backup: {last?.Break}",
                known is { Count: > 0 } ? $"Restore points there are: {string.Join(", ", known)}. " : "");
        }

        var others = await OthersAsync(name, stop, cancellationToken);
        return Resolved(
            backup,
            "recovery_target_name",
            name,
            inclusive: null,
            stop.ReplayEnd,
            $"restore point {name} at {stop.Lsn}" + (stop.Time is { } time ? $", {time}" : "")
            + (others.Count == 0
                ? ""
                : $"; PostgreSQL takes the first of this name behind the backup, and others are at {string.Join(", ", others)}"),
            SegmentOf(stop));
    }

    /// <summary>Other restore points of the name, anywhere on the path behind its oldest backup.</summary>
    private async ValueTask<IReadOnlyList<Lsn>> OthersAsync(
        string name, RecoveryStop stop, CancellationToken cancellationToken)
    {
        var points = new SortedSet<Lsn>();
        foreach (var run in _choice.Anchors.GroupBy(anchor => _choice.Path.RunOf(BackupPoint.Of(anchor))))
        {
            var all = await _search.RunAsync(BackupPoint.Of(run.Last()), new WalQuestion.End(), cancellationToken);
            points.UnionWith(
                from point in all.RestorePoints
                where string.Equals(point.Point.Name, name, StringComparison.Ordinal) && point.Point.Lsn != stop.Lsn
                select point.Point.Lsn);
        }

        return [.. points];
    }

    /// <summary>The newest backup behind which the target stands, and where PostgreSQL meets it first.</summary>
    private async ValueTask<(BackupManifest? Backup, RecoveryStop? Stop, WalSearchResult? Last)> FindFirstAsync(
        WalQuestion question, CancellationToken cancellationToken)
    {
        WalSearchResult? found = null;
        foreach (var backup in _choice.Allowed)
        {
            found = await _search.RunAsync(BackupPoint.Of(backup), question, cancellationToken);
            if (found.Stop is { } stop && stop.ReplayEnd >= backup.StopLsn)
            {
                return (backup, stop, found);
            }
        }

        return (null, null, found);
    }

    private void RequireConsistent(BackupManifest backup, WalSearchResult found, string subject)
    {
        if (!(found.EndOfRecords >= backup.StopLsn))
        {
            throw _choice.Unreachable(
                subject,
                $"backup {backup.Id} becomes consistent at {backup.StopLsn}, and the archived WAL leads to "
                + $"{found.EndOfRecords ?? backup.StartLsn} only: {found.Break}");
        }
    }

    private static string NearestLsn(WalSearchResult found) =>
        found.LastRecord is { } last ? $"The last record that can be reached begins at {last}: --target-lsn {last}. " : "";

    /// <summary>A backup that cannot be used is never left out without a word.</summary>
    private string PassedOver(BackupManifest chosen) =>
        _choice.Unusable.FirstOrDefault(backup => backup.StopLsn > chosen.StopLsn) is { } newer
            ? $"; the newer backup {newer.Id} lacks WAL and was passed over"
            : "";

    private WalSegmentName LastSegment(WalSearchResult found) =>
        found.LastSegment ?? _choice.Path.NameOf(_choice.Path.Runs[^1].Last);

    private WalSegmentName SegmentOf(RecoveryStop stop) =>
        _choice.Path.NameOf(WalSegmentName.OfEnd(Timeline, stop.EndLsn, _choice.Path.Size).Number);

    private ResolvedTarget Resolved(
        BackupManifest backup,
        string? setting,
        string value,
        bool? inclusive,
        Lsn? stop,
        string description,
        WalSegmentName last) => new(
            backup,
            _choice.Archive.Record.Id,
            Timeline,
            TargetSettings.Of(Timeline, setting, value, inclusive, _target.Action),
            stop,
            description,
            _choice.Path.NameOf(_choice.Path.FirstNeededBy(BackupPoint.Of(backup))),
            last)
        {
            Left = stop is { } end ? LeftAt(end) : null,
        };

    private LeftSegment? LeftAt(Lsn end)
    {
        var size = _choice.Path.Size;
        var name = _choice.Path.NameOf(WalSegmentName.OfEnd(Timeline, end, size).Number);
        var replayed = _choice.Path.History.TimelineOf(new Lsn(end.Value - 1));
        return replayed != name.Timeline
            && _choice.Path.History.SwitchedFrom(replayed) is { } left
            && _choice.Archive.Find(name) is { } source
                ? new LeftSegment(name with { Timeline = replayed }, source, (int)(left.Value % (ulong)size.Bytes))
                : null;
    }
}
