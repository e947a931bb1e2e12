using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Containers;

namespace Lifeboat.Engine.Wal.Summaries;

/// <summary>
/// Which blocks changed between two positions, from the summaries in the archive and, behind their end, from pg_wal.
/// </summary>
public static class ChangedBlocks
{
    /// <returns>All changes, or why there is no answer. Damage is an answer, not an exception.</returns>
    /// <exception cref="LifeboatException">
    /// Errors of the store or the file system; NotFound: no such lineage.
    /// </exception>
    public static async ValueTask<ChangedBlocksAnswer> FindAsync(
        ChangedBlocksRequest request, CancellationToken cancellationToken)
    {
        var (archives, _) = await LineageArchive.LoadAllAsync(request.Cluster, cancellationToken);
        var archive = archives.FirstOrDefault(archive => archive.Record.Id == request.Lineage)
            ?? throw new LifeboatException(new Failure(
                ErrorCode.NotFound,
                "find changed blocks",
                $"lineage {request.Lineage}",
                "nothing of it is archived",
                Hint: "'lifeboat list' shows what there is."));
        var history = PathHistory.Find(archive, request.Timeline, request.Live);
        if (request.Through is { } through
            && (request.To < through || !history.Contains(request.FromTimeline, through)))
        {
            return NotInHistory(request, through);
        }

        if (request.To < request.From || !history.Contains(request.FromTimeline, request.From)
            || !history.Contains(request.Timeline, request.To))
        {
            return NotInHistory(request, request.From);
        }

        var segments = new PathSegments(request, archive, history);
        return await new ChangedBlocksSearch(request, segments).RunAsync(cancellationToken);
    }

    private static ChangedBlocksAnswer.Unknown NotInHistory(ChangedBlocksRequest request, Lsn position) => new(
        ChangesUnknown.NotInHistory,
        $"{position} on timeline {request.FromTimeline} does not lie before {request.To} in the history of timeline "
        + $"{request.Timeline}",
        Segment: null);

    internal static ChangedBlocksAnswer.Unknown Damaged(WalSegmentName segment, DamagedObjectException damage) =>
        new(ChangesUnknown.Damaged, damage.Message, segment);
}
