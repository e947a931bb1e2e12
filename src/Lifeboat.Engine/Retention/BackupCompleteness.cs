using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Engine.Windows;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Retention;

/// <summary>
/// Whether a backup counts as one that can be restored, by its manifest and by names alone. What lies damaged within an
/// object is not seen here: a check finds it.
/// </summary>
internal static class BackupCompleteness
{
    /// <summary>Why it does not count; null when it does.</summary>
    /// <param name="archive">Of its lineage; null when that has no record.</param>
    /// <param name="maps">The map runs that are stored.</param>
    internal static string? Fault(BackupManifest backup, LineageArchive? archive, IReadOnlySet<Id128> maps)
    {
        if (archive is null)
        {
            return "the record of its lineage is missing";
        }

        if (Array.FindIndex(backup.MapRuns, run => !maps.Contains(run)) is var missing and >= 0)
        {
            return $"its map run {backup.MapRuns[missing]} is missing";
        }

        if (backup.ChecksumErrors > 0)
        {
            return $"{backup.ChecksumErrors} pages were damaged when it was taken";
        }

        var point = BackupPoint.Of(backup);
        var path = archive.Coverage.Paths.FirstOrDefault(path => path.Timeline == backup.Timeline);
        if (path?.RunOf(point) is null)
        {
            var first = new WalSegmentName(backup.Timeline, archive.Size.SegmentOf(backup.StartLsn), archive.Size);
            var last = WalSegmentName.OfEnd(backup.Timeline, backup.StopLsn, archive.Size);
            return $"of its WAL ({first} to {last}) a part is not archived, or conflicts";
        }

        var closing = path.NameOf(path.LastNeededBy(point));
        return archive.Find(closing) is { } item
            && closing.Start + ArchivedSegment.KnownBytes(item, archive.Size) < backup.StopLsn
                ? $"{closing} is not archived up to {backup.StopLsn}"
                : null;
    }
}
