namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// Keeps the process small. Every segment passes through an array of its size, and the runtime by itself collects such
/// arrays only after many of them.
/// </summary>
internal sealed class MemoryBound
{
    private const long MostUncollected = 32L << 20;

    private long _collectedAt = GC.GetTotalAllocatedBytes();

    /// <summary>Called between segments.</summary>
    internal void Keep()
    {
        var now = GC.GetTotalAllocatedBytes();
        var before = Interlocked.Read(ref _collectedAt);
        if (now - before > MostUncollected && Interlocked.CompareExchange(ref _collectedAt, now, before) == before)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: false);
        }
    }
}
