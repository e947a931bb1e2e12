using Lifeboat.Engine.Windows;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Find;

/// <summary>Segments, by number, that have to be read for what is looked for in one window.</summary>
internal sealed record FindRange(RecoveryWindow Window, ulong First, ulong Last)
{
    private const int SummaryFormatLight = 0;

    /// <summary>How far the times of commits that follow each other go back at most, but for a clock that is set.</summary>
    private static readonly TimeSpan s_disorder = TimeSpan.FromMinutes(1);

    /// <summary>Null when nothing that is looked for can stand in the window.</summary>
    internal static async Task<FindRange?> OfAsync(
        WalFindRequest request,
        LineageArchive archive,
        WalPath path,
        RecoveryWindow window,
        WalFactsCache cache,
        CancellationToken cancellationToken)
    {
        var oldest = archive.Backups.First(backup => backup.Id == window.Backups[0]);
        var least = path.FirstNeededBy(BackupPoint.Of(oldest));
        var most = window.LastSegment.Number;
        var (first, last) = (least, most);
        if (request.From?.Lsn is { } from)
        {
            first = Math.Max(first, path.Size.SegmentOf(from));
        }

        if (request.To?.Lsn is { } to)
        {
            last = Math.Min(last, path.Size.SegmentOf(to) + 1);
        }

        if (request.From?.Time is not null || request.To?.Time is not null)
        {
            (first, last) = await ByTimeAsync(request, archive, path, (first, last), cache, cancellationToken);
            (first, last) = (Math.Max(first, least + 1) - 1, Math.Min(last, most - 1) + 1);
        }

        if (first > last)
        {
            return null;
        }

        if (first > least)
        {
            first = await FindStart.BeforeAsync(request.Cluster, archive, path, first, least, cancellationToken);
        }

        return new FindRange(window, first, last);
    }

    /// <summary>
    /// From the first segment that holds a commit late enough to the last that holds one early enough, by their summaries.
    /// </summary>
    private static async Task<(ulong First, ulong Last)> ByTimeAsync(
        WalFindRequest request,
        LineageArchive archive,
        WalPath path,
        (ulong First, ulong Last) all,
        WalFactsCache cache,
        CancellationToken cancellationToken)
    {
        const int ahead = 16;
        var (first, last) = (ulong.MaxValue, 0UL);
        for (var number = all.First; number <= all.Last; number++)
        {
            var next = number;
            cache.Expect(
                Enumerable.Range(0, ahead).Select(at => next + (ulong)at).Where(at => at <= all.Last)
                    .Select(at => archive.Find(path.NameOf(at))!),
                cancellationToken);
            var facts = await cache.ReadAsync(archive.Find(path.NameOf(number))!, cancellationToken);
            var behind = number == all.Last
                ? null
                : (await cache.ReadAsync(archive.Find(path.NameOf(number + 1))!, cancellationToken)).Segment;
            if (CanHold(facts.Segment, behind, request))
            {
                first = Math.Min(first, number);
                last = number;
            }
        }

        return (first, last);
    }

    private static bool CanHold(WalSegmentSummary? summary, WalSegmentSummary? behind, WalFindRequest request)
    {
        if (summary is not { Format: >= SummaryFormatLight })
        {
            return true;
        }

        // A record over the edge counts in neither segment; its time is about that of what is beside it.
        if (summary is { Continues: true, ContinuesWith: null or (byte)ResourceManager.Transaction }
            && !(request.From?.Time > Latest(summary.GreatestFinishTime, behind?.LeastFinishTime))
            && !(request.To?.Time < Earliest(summary.GreatestFinishTime, behind?.LeastFinishTime)))
        {
            return true;
        }

        return summary is { LeastFinishTime: { } least, GreatestFinishTime: { } greatest }
            && !(request.From?.Time > greatest) && !(request.To?.Time < least);
    }

    private static DateTimeOffset? Latest(DateTimeOffset? before, DateTimeOffset? behind) =>
        before is { } a && behind is { } b ? (a > b ? a : b) + s_disorder : null;

    private static DateTimeOffset? Earliest(DateTimeOffset? before, DateTimeOffset? behind) =>
        before is { } a && behind is { } b ? (a < b ? a : b) - s_disorder : null;
}
