using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Targets;

/// <summary>
/// Goes through the archived WAL of one path in its order, as a recovery would, and finds where a target ends it. The
/// summaries say which segments can matter; only these are fetched and read exactly.
/// </summary>
internal sealed class WalSearch(LineageArchive archive, WalPath path, WalFactsCache cache)
{
    private const int Ahead = 16;

    internal Repository.Clusters.Cluster Cluster => cache.Cluster;

    /// <param name="from">
    /// The backup with which the recovery begins; records before its redo position are not replayed. Its start segment is
    /// archived.
    /// </param>
    internal async ValueTask<WalSearchResult> RunAsync(
        BackupPoint from, WalQuestion question, CancellationToken cancellationToken)
    {
        var scan = new RecoveryScan(question.Target);
        var progress = new WalSearchResult();
        WalRecordReader? open = null;
        var run = path.RunOf(path.FirstNeededBy(from))!.Value;
        progress.Break = $"segment {path.NameOf(run.Last).Next} is not archived";
        for (var number = run.First < path.FirstNeededBy(from) ? path.FirstNeededBy(from) : run.First;
            number <= run.Last;
            number++)
        {
            var name = path.NameOf(number);
            Expect(number, run, cancellationToken);
            try
            {
                var item = archive.Find(name)!;
                var facts = await cache.ReadAsync(item, cancellationToken);
                var summary = SummaryOf(facts);
                progress.Take(name, summary);
                if (name.Timeline == path.Timeline)
                {
                    // Of an older timeline it says nothing: the server that wrote it is not the one that went on.
                    progress.TakeQuiet(facts.QuietAt);
                }

                var edge = question.EdgeCanMatter(name, summary);
                if (open is not null || edge || question.CanMatter(name, summary))
                {
                    var (content, _) = await ArchivedSegment.ReadAsync(
                        cache.Cluster, item, archive.Size, cancellationToken);
                    open ??= new WalRecordReader();
                    Feed(open, name, content, from.StartLsn, scan, progress);
                    if (scan.Stop is { } stop)
                    {
                        progress.Stop = stop;
                        return progress;
                    }

                    // A record that goes on is only known when its end is read; otherwise each segment is read by itself.
                    open = edge && open.State == WalReaderState.NeedsMore ? open : null;
                }
            }
            catch (DamagedObjectException damaged)
            {
                progress.Break = $"segment {name} is damaged ({damaged.Detail})";
                return progress;
            }

            if (progress.IsAtEnd)
            {
                return progress;
            }
        }

        return progress;
    }

    private static void Feed(
        WalRecordReader reader,
        WalSegmentName name,
        byte[] content,
        Lsn from,
        RecoveryScan scan,
        WalSearchResult progress)
    {
        reader.Supply(name, content);
        while (reader.TryRead(out var record))
        {
            if (record.Lsn >= from)
            {
                progress.TakeRecord(record);
                if (scan.Feed(record))
                {
                    return;
                }
            }
        }

        if (reader.State != WalReaderState.NeedsMore)
        {
            progress.EndAt(name, reader.Reason);
        }
    }

    /// <summary>Without a summary that is understood everything may stand in the segment.</summary>
    private static WalSegmentSummary? SummaryOf(WalFacts facts) =>
        facts.Segment is { IsKnown: true } summary ? summary : null;

    private void Expect(ulong number, WalRun run, CancellationToken cancellationToken)
    {
        var items = new List<WalObject>(Ahead);
        for (var next = number; next <= run.Last && next - number < Ahead; next++)
        {
            items.Add(archive.Find(path.NameOf(next))!);
        }

        cache.Expect(items, cancellationToken);
    }
}
