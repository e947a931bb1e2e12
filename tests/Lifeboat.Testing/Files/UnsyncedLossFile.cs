using Lifeboat.Platform.Files;

namespace Lifeboat.Testing.Files;

/// <summary>A file of an <see cref="UnsyncedLossFileSystem"/>: a sync makes its content durable.</summary>
internal sealed class UnsyncedLossFile : IFile
{
    private readonly UnsyncedLossFileSystem _files;
    private readonly IFile _inner;
    private readonly DurableNode _node;

    internal UnsyncedLossFile(UnsyncedLossFileSystem files, IFile inner, DurableNode node)
    {
        _files = files;
        _inner = inner;
        _node = node;
    }

    public string Path => _inner.Path;

    public int Read(Span<byte> buffer, long offset)
    {
        _files.Alive(Path);
        return _inner.Read(buffer, offset);
    }

    public void Write(ReadOnlySpan<byte> buffer, long offset)
    {
        _files.Alive(Path);
        _inner.Write(buffer, offset);
    }

    public void SetLength(long length)
    {
        _files.Alive(Path);
        _inner.SetLength(length);
    }

    public void Sync() => _files.Synced(_node, _inner);

    public void StartWriteback(long offset, long length)
    {
        // Promises nothing, so nothing of it survives here.
    }

    public FileStatus Status() => _inner.Status();

    public bool TryLock()
    {
        _files.Alive(Path);
        return _inner.TryLock();
    }

    public void Close() => _inner.Close();

    public void Dispose() => _inner.Dispose();
}
