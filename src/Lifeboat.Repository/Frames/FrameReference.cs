using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Frames;

/// <summary>
/// A frame that content was put into. Its id is known only when it is closed, since it follows from all that it holds;
/// whoever writes references waits until then.
/// </summary>
public sealed class FrameReference
{
    private Id128 _id;
    private volatile bool _closed;

    public FrameReference()
    {
    }

    public FrameReference(Id128 id) => Close(id);

    public bool IsClosed => _closed;

    public Id128 Id => _closed ? _id : throw new InvalidOperationException("the frame is still being filled");

    internal void Close(Id128 id)
    {
        _id = id;
        _closed = true;
    }
}
