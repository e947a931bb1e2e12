using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Files;

/// <summary>
/// A file that is written beside its place and gets its name when it is whole. Disposal without completion leaves nothing.
/// Parts may be written on several threads at once.
/// </summary>
internal sealed class ArrivingFile : IDisposable
{
    private const string TemporarySuffix = ".lifeboat-tmp";

    private readonly IFileSystem _files;
    private readonly string _path;
    private readonly IFile _file;
    private bool _named;

    private ArrivingFile(IFileSystem files, string path, IFile file)
    {
        _files = files;
        _path = path;
        _file = file;
    }

    internal static ArrivingFile Create(IFileSystem files, string path)
    {
        var temporary = path + TemporarySuffix;
        if (files.Stat(temporary) is not null)
        {
            files.Delete(temporary);
        }

        return new ArrivingFile(files, path, files.Create(temporary));
    }

    internal void Write(long offset, ReadOnlySpan<byte> part) => _file.Write(part, offset);

    /// <summary>
    /// Gives it its name. The owner becomes the directory's, so that root does not shut PostgreSQL out.
    /// </summary>
    /// <param name="durable">After a crash at any moment the old content or the new one is there.</param>
    internal void Complete(bool durable)
    {
        var directory = PosixPath.Parent(_path);
        if (_files.StatTarget(directory) is { } parent && parent.Owner != _file.Status().Owner)
        {
            _files.SetOwner(_file.Path, parent.Owner, parent.Group);
        }

        if (durable)
        {
            _file.Sync();
        }

        _file.Close();
        _files.Rename(_file.Path, _path);
        _named = true;
        if (durable)
        {
            _files.SyncDirectory(directory);
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        if (_named)
        {
            return;
        }

        try
        {
            _files.Delete(_file.Path);
        }
        catch (FileSystemException)
        {
            // The first error is the one to report; what is left here the next write removes.
        }
    }
}
