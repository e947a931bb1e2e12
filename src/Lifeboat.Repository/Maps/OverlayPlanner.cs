using System.Numerics;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>What an incremental backup stores of an extent that changed.</summary>
/// <param name="Pages">The pages to read and to store as one slot.</param>
/// <param name="IsWhole">All of it, as an extent and not as an overlay.</param>
public readonly record struct OverlayPlan(ulong Pages, bool IsWhole);

/// <summary>
/// Says of each changed extent what to store, so that none ever has more than <see cref="ExtentEntry.MostOverlays"/>
/// overlays. Reads the parent's deltas where extents changed, and of its base only blocks that hold overlays. Extents in
/// ascending order read each block once. Used by one caller at a time.
/// </summary>
public sealed class OverlayPlanner : IDisposable
{
    private readonly MapLookup _parent;

    private OverlayPlanner(MapLookup parent) => _parent = parent;

    /// <summary>Blocks read from the store so far.</summary>
    public long BlocksRead => _parent.BlocksRead;

    /// <param name="parentRuns">The map runs of the parent's manifest.</param>
    public static async ValueTask<OverlayPlanner> OpenAsync(
        Cluster cluster, IReadOnlyList<Id128> parentRuns, CancellationToken cancellationToken) =>
        new(await MapLookup.OpenAsync(cluster, parentRuns, cancellationToken));

    public void Dispose() => _parent.Dispose();

    /// <param name="path">A file that the parent has.</param>
    /// <param name="number">An extent that the parent has.</param>
    /// <param name="length">Bytes of the extent now; never fewer than in the parent.</param>
    /// <param name="changed">Pages that changed, those behind the parent's end included; at least one.</param>
    public async ValueTask<OverlayPlan> PlanAsync(
        byte[] path, int number, int length, ulong changed, CancellationToken cancellationToken)
    {
        var layers = await _parent.LayersAsync(path, number, skipBase: true, cancellationToken);
        return Plan(Enumerable.Reverse(layers).SelectMany(layer => layer.Entry.Extent!.Overlays), length, changed);
    }

    /// <summary>As above, over an extent that is known.</summary>
    public static OverlayPlan Plan(ExtentEntry parent, int length, ulong changed) =>
        Plan(parent.Overlays, length, changed);

    /// <summary>What the parent says of an extent, with all its tags; null when it has none of this number.</summary>
    public ValueTask<ExtentEntry?> FindAsync(byte[] path, int number, CancellationToken cancellationToken) =>
        _parent.FindAsync(path, number, cancellationToken);

    private static OverlayPlan Plan(IEnumerable<Overlay> below, int length, ulong changed)
    {
        var pages = Frames.PageTags.PagesOf(length);
        var live = Overlay.Live([.. below, new Overlay(changed, Unwritten, 0)]);
        var stored = live.Length > ExtentEntry.MostOverlays ? Overlay.Union(live) : changed;
        return 2 * BitOperations.PopCount(stored) > pages
            ? new OverlayPlan(Frames.PageTags.AllPages(length), IsWhole: true)
            : new OverlayPlan(stored, IsWhole: false);
    }

    private static readonly Frames.FrameReference Unwritten = new();
}
