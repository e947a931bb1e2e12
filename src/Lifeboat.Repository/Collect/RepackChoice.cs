namespace Lifeboat.Repository.Collect;

/// <summary>Which packs are worth writing anew.</summary>
internal static class RepackChoice
{
    /// <summary>The emptiest first, as many as one run may write; only packs that could go when nothing of them is needed.</summary>
    internal static IReadOnlyList<SparsePack> Of(FrameHomes homes, ClusterObjects objects, CollectionTimes times)
    {
        var left = times.Margins.MostRepacked;
        var chosen = homes.Staying()
            .Select(pack => (pack.Pack, pack.Live, Facts: objects.Packs[pack.Pack]))
            .Where(pack => pack.Live < times.Margins.RepackBelow * pack.Facts.Size
                && pack.Facts.Size - pack.Live >= times.Margins.RepackGain && times.IsOrphan(pack.Facts))
            .OrderBy(pack => (double)pack.Live / pack.Facts.Size).ThenBy(pack => pack.Pack)
            .TakeWhile(pack => (left -= pack.Live) >= 0)
            .ToDictionary(pack => pack.Pack);
        var frames = homes.FramesOf(chosen.Keys.ToHashSet());
        return
        [
            .. chosen.Values.Select(pack => new SparsePack(pack.Pack, pack.Facts.Size, pack.Live, [.. frames[pack.Pack]])),
        ];
    }
}
