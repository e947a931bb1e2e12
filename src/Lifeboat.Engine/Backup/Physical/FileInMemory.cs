using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>Bytes that were read before, served as a file, or a stretch of one, that can only be read.</summary>
/// <param name="start">The place of the first byte in the file.</param>
/// <param name="dispose">Gives the bytes back to whom they belong.</param>
internal sealed class FileInMemory(ReadOnlyMemory<byte> content, long start = 0, Action? dispose = null) : IFile
{
    public string Path => "";

    public int Read(Span<byte> buffer, long offset)
    {
        var rest = content.Span[(int)Math.Min(offset - start, content.Length)..];
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

    public void Dispose() => dispose?.Invoke();

    private static InvalidOperationException ReadOnly() => new("bytes in memory can only be read");
}
