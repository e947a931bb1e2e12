namespace Lifeboat.Repository.Packs;

/// <summary>Extents whose frames were asked for; disposed of, what came is forgotten.</summary>
public sealed class ExpectedExtents : IAsyncDisposable
{
    private readonly AheadStore _store;
    private readonly FramesAhead _frames;

    internal ExpectedExtents(AheadStore store, FramesAhead frames)
    {
        _store = store;
        _frames = frames;
    }

    public ValueTask DisposeAsync()
    {
        _store.Drop(_frames);
        return _frames.DisposeAsync();
    }
}
