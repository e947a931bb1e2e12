namespace Lifeboat.Repository.Packs;

/// <summary>Frames that were asked for; disposed of, what came is forgotten.</summary>
public sealed class ExpectedFrames : IAsyncDisposable
{
    private readonly List<FramesAhead> _held;
    private readonly FramesAhead _frames;

    internal ExpectedFrames(List<FramesAhead> held, FramesAhead frames)
    {
        _held = held;
        _frames = frames;
    }

    public ValueTask DisposeAsync()
    {
        _held.Remove(_frames);
        return _frames.DisposeAsync();
    }
}
