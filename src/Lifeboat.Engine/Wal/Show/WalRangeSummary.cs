using System.Runtime.InteropServices;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Engine.Wal.Show;

/// <summary>What a stretch of WAL holds, counted record by record.</summary>
public sealed class WalRangeSummary
{
    private readonly Dictionary<string, RmgrCount> _rmgrs = new(StringComparer.Ordinal);
    private readonly Dictionary<(RelFileLocator, RelationFork), HashSet<uint>> _relations = [];

    public Lsn? First { get; private set; }

    public Lsn? End { get; private set; }

    public long Records { get; private set; }

    /// <summary>Bytes of the records, page images included.</summary>
    public long Bytes { get; private set; }

    public long Commits { get; private set; }

    public long Aborts { get; private set; }

    /// <summary>The least time of a commit or abort; times do not rise with positions.</summary>
    public PgTimestamp? LeastTime { get; private set; }

    public PgTimestamp? GreatestTime { get; private set; }

    /// <summary>By the names of resource managers.</summary>
    public IEnumerable<KeyValuePair<string, RmgrCount>> Rmgrs =>
        _rmgrs.OrderByDescending(rmgr => rmgr.Value.Bytes).ThenBy(rmgr => rmgr.Key, StringComparer.Ordinal);

    /// <summary>How many different blocks of each fork are referred to, the most first.</summary>
    public IEnumerable<(RelFileLocator Relation, RelationFork Fork, int Blocks)> Relations =>
        _relations.Select(entry => (entry.Key.Item1, entry.Key.Item2, entry.Value.Count))
            .OrderByDescending(entry => entry.Count)
            .ThenBy(entry => entry.Item1.ToString(), StringComparer.Ordinal)
            .ThenBy(entry => entry.Item2);

    public void Take(in WalRecord record)
    {
        First ??= record.Lsn;
        End = record.EndLsn;
        Records++;
        Bytes += record.TotalLength;
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _rmgrs, ResourceManagerNames.Of(record.RmgrId), out _);
        var (images, imageBytes) = (0L, 0L);
        foreach (var block in record.Blocks)
        {
            images += block.HasImage ? 1 : 0;
            imageBytes += block.ImageLength;
            if (!_relations.TryGetValue((block.Relation, block.Fork), out var blocks))
            {
                _relations[(block.Relation, block.Fork)] = blocks = [];
            }

            blocks.Add(block.Block);
        }

        count = new RmgrCount(
            count.Records + 1, count.Bytes + record.TotalLength, count.Images + images, count.ImageBytes + imageBytes);
        if (TransactionEnd.TryParse(record, out var end))
        {
            Commits += end.IsCommit ? 1 : 0;
            Aborts += end.IsCommit ? 0 : 1;
            LeastTime = LeastTime is { } least && least <= end.Time ? least : end.Time;
            GreatestTime = GreatestTime is { } greatest && greatest >= end.Time ? greatest : end.Time;
        }
    }

    /// <param name="Bytes">Of the records, page images included.</param>
    /// <param name="Images">Page images in them.</param>
    public readonly record struct RmgrCount(long Records, long Bytes, long Images, long ImageBytes);
}
