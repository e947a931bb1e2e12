using Lifeboat.Platform.Files;

namespace Lifeboat.Testing.Files;

/// <summary>A file of a <see cref="FaultyFileSystem"/>, which counts and fails its operations.</summary>
internal sealed class FaultyFile : IFile
{
    private readonly FaultyFileSystem _files;
    private readonly IFile _inner;

    internal FaultyFile(FaultyFileSystem files, IFile inner)
    {
        _files = files;
        _inner = inner;
    }

    public string Path => _inner.Path;

    public int? Descriptor => _inner.Descriptor;

    public int Read(Span<byte> buffer, long offset)
    {
        var moment = _files.Enter(FileOperation.Read, Path);
        var read = moment == FaultMoment.Before ? 0 : _inner.Read(buffer, offset);
        return moment is null ? read : throw _files.Failure(FileOperation.Read, Path);
    }

    public void Write(ReadOnlySpan<byte> buffer, long offset)
    {
        var moment = _files.Enter(FileOperation.Write, Path);
        _inner.Write(moment == FaultMoment.Before ? buffer[..(buffer.Length / 2)] : buffer, offset);
        if (moment is not null)
        {
            throw _files.Failure(FileOperation.Write, Path);
        }
    }

    public void SetLength(long length) =>
        _files.Do(FileOperation.SetLength, Path, () => _inner.SetLength(length));

    public void Sync() => _files.Do(FileOperation.Sync, Path, _inner.Sync);

    public void StartWriteback(long offset, long length) => _inner.StartWriteback(offset, length);

    public FileStatus Status() => _files.Ask(FileOperation.Status, Path, _inner.Status);

    public bool TryLock() => _files.Ask(FileOperation.TryLock, Path, _inner.TryLock);

    public void Close()
    {
        var moment = _files.Enter(FileOperation.Close, Path);
        _inner.Close();
        if (moment is not null)
        {
            throw _files.Failure(FileOperation.Close, Path);
        }
    }

    public void Dispose() => _inner.Dispose();
}
