using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Targets;

/// <summary>
/// The timeline that a recovery follows, and the backups from which it can begin there.
/// </summary>
internal sealed class TargetChoice
{
    private TargetChoice(LineageArchive archive, WalPath path, BackupManifest[] held, string? asked)
    {
        Archive = archive;
        Path = path;
        Anchors = [.. held.Where(backup => path.RunOf(BackupPoint.Of(backup)) is not null)];
        Allowed = [.. Anchors.Where(backup => asked is null || backup.Id == asked)];
        Unusable = [.. held.Except(Anchors)];
    }

    internal LineageArchive Archive { get; }

    internal WalPath Path { get; }

    /// <summary>Backups on the path with all the WAL that they need, the newest first.</summary>
    internal IReadOnlyList<BackupManifest> Anchors { get; }

    /// <summary>Those of them from which the user lets recovery begin.</summary>
    internal IReadOnlyList<BackupManifest> Allowed { get; }

    /// <summary>Backups on the path that lack WAL, so that they never become consistent.</summary>
    internal IReadOnlyList<BackupManifest> Unusable { get; }

    /// <exception cref="LifeboatException">NotFound: no backup. TargetUnreachable: none on the timeline asked for.</exception>
    internal static async ValueTask<TargetChoice> MakeAsync(
        Cluster cluster, RecoveryTarget target, string? backup, Id128? lineage, CancellationToken cancellationToken)
    {
        var isLatest = string.Equals(backup, "latest", StringComparison.Ordinal);
        var asked = backup is null || isLatest
            ? null
            : await BackupCatalog.FindAsync(cluster, backup, cancellationToken);
        var (archives, damage) = await LineageArchive.LoadAllAsync(cluster, cancellationToken);
        var archive = Archives(archives, lineage, asked, cluster.FirstLineage)
            ?? throw new LifeboatException(new Failure(
                damage.Count == 0 ? ErrorCode.NotFound : ErrorCode.Damaged,
                "find the recovery target",
                $"cluster {cluster.Name}",
                "there is no backup to begin with"
                + (damage.Count == 0 ? "" : $", and {damage.Count} manifests cannot be read: {damage[0]}"),
                Hint: damage.Count == 0
                    ? "'lifeboat list' shows what there is."
                    : "'lifeboat check' names what is damaged; try again first if the store was in trouble."));
        // The latest of the lineage that is followed, and not of a copy that was backed up meanwhile.
        asked ??= isLatest ? archive.Backups.MaxBy(known => known.Id, StringComparer.Ordinal) : null;
        var path = PathOf(archive, target, asked);
        var held = archive.Backups
            .Where(known => path.Holds(BackupPoint.Of(known)))
            .OrderByDescending(known => known.StopLsn)
            .ThenByDescending(known => known.Id, StringComparer.Ordinal)
            .ToArray();
        var choice = new TargetChoice(archive, path, held, asked?.Id);
        return choice.Allowed.Count > 0 ? choice : throw choice.NoUsable(asked);
    }

    /// <summary>
    /// Which lineage is followed: the one asked for; the backup's; the first one, unless only copies of it have backups.
    /// </summary>
    private static LineageArchive? Archives(
        IReadOnlyList<LineageArchive> archives, Id128? lineage, BackupManifest? asked, Id128 first)
    {
        var withBackups = archives.Where(archive => archive.Backups.Count > 0).ToList();
        return (lineage ?? asked?.Lineage) is { } wanted
            ? withBackups.Find(archive => archive.Record.Id == wanted)
            : withBackups.Find(archive => archive.Record.Id == first)
                ?? withBackups.MaxBy(archive => archive.Backups[^1].Id, StringComparer.Ordinal);
    }

    private static WalPath PathOf(LineageArchive archive, RecoveryTarget target, BackupManifest? asked)
    {
        var points = (asked is null ? archive.Backups : [asked]).Select(BackupPoint.Of).ToList();
        var fitting = archive.Coverage.Paths.Where(path => points.Exists(path.Holds)).ToList();
        if (target.Timeline is { } wanted)
        {
            return fitting.Find(path => path.Timeline == wanted)
                ?? throw Unreachable(
                    archive,
                    $"timeline {wanted}",
                    archive.Coverage.Paths.Any(path => path.Timeline == wanted)
                        ? $"its history goes through {(asked is null ? "no backup" : $"backup {asked.Id} nowhere")}"
                        : "nothing of it is archived");
        }

        // A timeline of which only the history file arrived would be followed into WAL of the one that it left.
        return fitting.FindLast(path =>
                WalCoverage.HasOwnWal(path) || points.Exists(point => point.Timeline == path.Timeline))
            ?? throw Unreachable(archive, "the recovery target", "no timeline that is archived goes through a backup");
    }

    /// <summary>The error for a target that is not in the archive; its hint names what is.</summary>
    internal static LifeboatException Unreachable(LineageArchive archive, string subject, string cause, string more = "")
    {
        var windows = archive.Coverage.Windows;
        var hint = windows.Count == 0
            ? "No backup has all the WAL that it needs: 'lifeboat list' names what is missing."
            : "Recoverable: " + string.Join("; ", windows.TakeLast(4).Select(window =>
                $"timeline {window.Timeline} from {window.Start} (backup {window.Backups[0]}, "
                + $"{Moment(window.StartTime)}) to {window.End}")) + ". What the server has not archived yet is archived by 'SELECT pg_switch_wal()' on it.";
        return new LifeboatException(new Failure(
            ErrorCode.TargetUnreachable, "find the recovery target", subject, cause, Hint: more + hint));
    }

    internal LifeboatException Unreachable(string subject, string cause, string more = "") =>
        Unreachable(Archive, subject, cause, more);

    internal static string Moment(DateTimeOffset time) => time.UtcDateTime.ToString(
        "yyyy-MM-dd HH:mm:ss.ffffff+00", System.Globalization.CultureInfo.InvariantCulture);

    private LifeboatException NoUsable(BackupManifest? asked)
    {
        var backup = asked ?? Unusable[0];
        var point = BackupPoint.Of(backup);
        var missing = Path.FirstNeededBy(point);
        while (Path.RunOf(missing) is not null)
        {
            missing++;
        }

        return Unreachable(
            $"backup {backup.Id}",
            $"it needs WAL from {point.StartLsn} to {point.StopLsn}, and segment {Path.NameOf(missing)} is not archived");
    }
}
