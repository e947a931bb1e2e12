using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Frames;

/// <summary>Where a frame was put or found: a hint, since it may be moved into another pack.</summary>
/// <param name="Number">Its place in the pack, from 0.</param>
public readonly record struct FramePlace(Id128 Pack, uint Number);

/// <summary>
/// A frame that content was put into. Its id is known only when it is closed, since it follows from all that it holds;
/// whoever writes references waits until then.
/// </summary>
public sealed class FrameReference
{
    private Id128 _id;
    private FramePlace? _place;
    private volatile bool _closed;

    public FrameReference()
    {
    }

    public FrameReference(Id128 id, FramePlace? place = null) => Close(id, place);

    public bool IsClosed => _closed;

    public Id128 Id => _closed ? _id : throw new InvalidOperationException("the frame is still being filled");

    /// <summary>Where it was when this was written; null when nothing is told.</summary>
    public FramePlace? Place => _closed ? _place : throw new InvalidOperationException("the frame is still being filled");

    internal void Close(Id128 id, FramePlace? place)
    {
        _id = id;
        _place = place;
        _closed = true;
    }
}
