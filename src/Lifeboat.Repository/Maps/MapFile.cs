using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>What one run, or several laid over each other, say of one file.</summary>
internal sealed class MapFile(byte[] path)
{
    internal byte[] Path => path;

    /// <summary>In order, each with the newest run that says something of it.</summary>
    internal List<(MapEntry Entry, Id128 Run)> Extents { get; private set; } = [];

    /// <summary>Facts or gone, with its run; null when these runs tell neither.</summary>
    internal (MapEntry Entry, Id128 Run)? End { get; private set; }

    /// <summary>Extents of earlier runs that count.</summary>
    internal int Kept { get; private set; } = int.MaxValue;

    /// <summary>Takes the next entry of the file out of one run.</summary>
    internal void Add(MapEntry entry, Id128 run)
    {
        Kept = entry.IsGone ? 0 : Math.Min(Kept, entry.Kept ?? int.MaxValue);
        if (entry.Extent is null)
        {
            End = (entry, run);
        }
        else
        {
            Extents.Add((entry, run));
        }
    }

    /// <summary>Lays a later run's word over this one.</summary>
    /// <param name="compose">Lays the second, a patch, over the first.</param>
    internal void Lay(MapFile newer, Func<MapEntry, (MapEntry Entry, Id128 Run), MapEntry> compose)
    {
        if (newer.Kept > 0 && Extents.Count > 0)
        {
            newer.Extents = Merge(Extents, newer, compose);
        }

        Extents = newer.Extents;
        End = newer.End ?? (End is { Entry.IsGone: true } ? null : End);
        Kept = Math.Min(Kept, newer.Kept);
    }

    private static List<(MapEntry Entry, Id128 Run)> Merge(
        List<(MapEntry Entry, Id128 Run)> older,
        MapFile newer,
        Func<MapEntry, (MapEntry Entry, Id128 Run), MapEntry> compose)
    {
        var merged = new List<(MapEntry, Id128)>(older.Count + newer.Extents.Count);
        var at = 0;
        foreach (var (entry, run) in newer.Extents)
        {
            for (; at < older.Count && older[at].Entry.Number < Math.Min(entry.Number, newer.Kept); at++)
            {
                merged.Add(older[at]);
            }

            var isBelow = at < older.Count && older[at].Entry.Number == entry.Number && entry.Number < newer.Kept;
            merged.Add((isBelow && entry.Extent!.IsPatch ? compose(older[at].Entry, (entry, run)) : entry, run));
            at += isBelow ? 1 : 0;
        }

        for (; at < older.Count && older[at].Entry.Number < newer.Kept; at++)
        {
            merged.Add(older[at]);
        }

        return merged;
    }
}
