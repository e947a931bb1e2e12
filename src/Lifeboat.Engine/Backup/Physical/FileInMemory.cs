using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>Bytes that were read and judged before, served as a file that can only be read.</summary>
internal sealed class FileInMemory(byte[] content) : IFile
{
    public string Path => "";

    public int Read(Span<byte> buffer, long offset)
    {
        var rest = content.AsSpan((int)Math.Min(offset, content.Length));
        var length = Math.Min(rest.Length, buffer.Length);
        rest[..length].CopyTo(buffer);
        return length;
    }

    public void Write(ReadOnlySpan<byte> buffer, long offset) => throw ReadOnly();

    public void SetLength(long length) => throw ReadOnly();

    public void Sync() => throw ReadOnly();

    public void StartWriteback(long offset, long length) => throw ReadOnly();

    public FileStatus Status() => throw ReadOnly();

    public bool TryLock() => throw ReadOnly();

    public void Close()
    {
    }

    public void Dispose()
    {
    }

    private static InvalidOperationException ReadOnly() => new("bytes in memory can only be read");
}
