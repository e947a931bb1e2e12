using Lifeboat.Engine.Files;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Engine.Wal.Summaries;

/// <summary>
/// The history of a timeline: the archive's, and of one that is not archived yet the server's own file.
/// </summary>
internal static class PathHistory
{
    private const int MostBytes = 1 << 20;

    /// <returns>One without ancestors where no file of its name is anywhere: nothing before it is in it then.</returns>
    internal static TimelineHistory Find(LineageArchive archive, Timeline timeline, LiveWal? live)
    {
        var archived = archive.Coverage.Paths.FirstOrDefault(path => path.Timeline == timeline)?.History;
        if (archived is { Entries.Count: > 0 } || timeline == Timeline.First)
        {
            return archived ?? new TimelineHistory(timeline, []);
        }

        var path = live is null ? "" : PosixPath.Combine(live.Directory, TimelineHistory.FileName(timeline));
        return live is not null && live.Files.Stat(path) is not null
            ? TimelineHistory.Parse(timeline, WholeFile.Read(live.Files, path, MostBytes))
            : archived ?? new TimelineHistory(timeline, []);
    }
}
