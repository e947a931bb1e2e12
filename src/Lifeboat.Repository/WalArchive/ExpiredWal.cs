using Lifeboat.Postgres.Format;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// The segments of one lineage that have expired. They count as not archived, and that they are missing is no gap.
/// Histories never expire.
/// </summary>
public sealed class ExpiredWal(IEnumerable<WalTombstoneRange> ranges)
{
    public static readonly ExpiredWal None = new([]);

    private readonly Dictionary<Timeline, (ulong First, ulong Last)[]> _ranges = ranges
        .GroupBy(range => range.Timeline)
        .ToDictionary(group => group.Key, Merge);

    public bool IsEmpty => _ranges.Count == 0;

    /// <summary>By timeline, then ascending; never one beside the other.</summary>
    public IEnumerable<WalTombstoneRange> Ranges => _ranges.OrderBy(pair => pair.Key).SelectMany(
        pair => pair.Value.Select(range => new WalTombstoneRange(pair.Key, range.First, range.Last)));

    public bool Contains(Timeline timeline, ulong number) => RangeOf(timeline, number) is not null;

    /// <summary>Of some segments those that have not expired, ascending; both ends included.</summary>
    public IEnumerable<(ulong First, ulong Last)> Without(Timeline timeline, ulong first, ulong last)
    {
        foreach (var range in _ranges.GetValueOrDefault(timeline, []).Where(range => range.Last >= first))
        {
            if (range.First > last)
            {
                break;
            }

            if (range.First > first)
            {
                yield return (first, range.First - 1);
            }

            if (range.Last >= last)
            {
                yield break;
            }

            first = range.Last + 1;
        }

        yield return (first, last);
    }

    /// <summary>Whether one of the segments has expired.</summary>
    public bool ContainsAny(Timeline timeline, ulong first, ulong last) =>
        _ranges.GetValueOrDefault(timeline, []).Any(range => range.Last >= first && range.First <= last);

    /// <summary>Whether a WAL file has: a segment, its partial, its backup label or a piece of it.</summary>
    public bool Contains(string file, WalSegmentSize size) =>
        !IsEmpty && file.Length >= WalSegmentName.Length
        && WalSegmentName.TryParse(file.AsSpan(0, WalSegmentName.Length), size, out var name)
        && Contains(name.Timeline, name.Number);

    private (ulong First, ulong Last)? RangeOf(Timeline timeline, ulong number)
    {
        if (!_ranges.TryGetValue(timeline, out var ranges))
        {
            return null;
        }

        var (low, high) = (0, ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].Last < number)
            {
                low = middle + 1;
            }
            else if (ranges[middle].First > number)
            {
                high = middle - 1;
            }
            else
            {
                return ranges[middle];
            }
        }

        return null;
    }

    /// <summary>Ascending, and never one beside the other.</summary>
    private static (ulong First, ulong Last)[] Merge(IEnumerable<WalTombstoneRange> ranges)
    {
        var merged = new List<(ulong First, ulong Last)>();
        foreach (var range in ranges.Where(range => range.First <= range.Last).OrderBy(range => range.First))
        {
            if (merged.Count > 0 && range.First <= merged[^1].Last + 1)
            {
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, range.Last));
            }
            else
            {
                merged.Add((range.First, range.Last));
            }
        }

        return [.. merged];
    }
}
