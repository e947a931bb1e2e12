using Lifeboat.Platform.Files;

namespace Lifeboat.Storage.Local;

/// <summary>
/// Reads objects, keeping a few files open: a pack is read at many offsets in a row. Owns the open files.
/// </summary>
/// <remarks>
/// A kept file is lent to one reader at a time, so nobody closes it under another; a second reader opens its own.
/// Before each use the name is looked up again, so a deleted or replaced object is noticed whoever did it.
/// </remarks>
internal sealed class LocalReader : IDisposable
{
    private const int MaximumKept = 16;
    private const int MaximumAttempts = 16;

    private readonly IFileSystem _files;
    private readonly LocalDirectories _directories;
    private readonly List<Kept> _kept = [];
    private readonly Lock _lock = new();
    private bool _disposed;

    internal LocalReader(IFileSystem files, LocalDirectories directories)
    {
        _files = files;
        _directories = directories;
    }

    internal int Read(ObjectName name, long offset, Span<byte> buffer)
    {
        var kept = Take(name) ?? Open(name);
        int read;
        try
        {
            read = kept.File.Read(buffer, offset);
        }
        catch
        {
            kept.File.Dispose();
            throw;
        }

        Keep(kept);
        return read;
    }

    /// <summary>Closes what is kept of this object, so that its space is free once it is deleted.</summary>
    internal void Drop(ObjectName name)
    {
        while (Remove(name) is { } kept)
        {
            kept.File.Dispose();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var kept in _kept)
            {
                kept.File.Dispose();
            }

            _kept.Clear();
        }
    }

    private Kept? Take(ObjectName name)
    {
        while (Remove(name) is { } kept)
        {
            try
            {
                if (_files.Stat(_directories.PathOf(name)) is { } status && FileClaim.IsSame(status, kept.Status))
                {
                    return kept;
                }
            }
            catch
            {
                kept.File.Dispose();
                throw;
            }

            kept.File.Dispose();
        }

        return null;
    }

    private Kept? Remove(ObjectName name)
    {
        lock (_lock)
        {
            for (var at = _kept.Count - 1; at >= 0; at--)
            {
                if (_kept[at] is var kept && kept.Name == name)
                {
                    _kept.RemoveAt(at);
                    return kept;
                }
            }

            return null;
        }
    }

    private void Keep(Kept kept)
    {
        Kept? surplus = null;
        lock (_lock)
        {
            if (_disposed)
            {
                surplus = kept;
            }
            else
            {
                _kept.Add(kept);
                if (_kept.Count > MaximumKept)
                {
                    surplus = _kept[0];
                    _kept.RemoveAt(0);
                }
            }
        }

        surplus?.File.Dispose();
    }

    private Kept Open(ObjectName name)
    {
        var path = _directories.PathOf(name);
        for (var attempt = 0; attempt < MaximumAttempts; attempt++)
        {
            _directories.RequireNoLinkAbove(name.Value);
            var status = _files.Stat(path);
            if (status is null or { Kind: FileKind.Directory })
            {
                _directories.RequirePresent();
                throw new ObjectNotFoundException(name, _directories.Root);
            }

            if (status is not { Kind: FileKind.Regular })
            {
                throw LocalFailures.Link(path);
            }

            if (TryOpen(path, status.Value) is { } file)
            {
                return new Kept(name, file, status.Value);
            }
        }

        throw LocalFailures.Busy(name.Value, "the object was replaced again and again while it was being opened");
    }

    // Opening follows links, so what was opened is compared with what was seen before; null when it is another file.
    private IFile? TryOpen(string path, FileStatus seen)
    {
        IFile file;
        try
        {
            file = _files.OpenRead(path);
        }
        catch (FileSystemException failure) when (failure.IsMissing)
        {
            return null;
        }

        try
        {
            if (FileClaim.IsSame(file.Status(), seen))
            {
                return file;
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        file.Dispose();
        return null;
    }

    private sealed record Kept(ObjectName Name, IFile File, FileStatus Status);
}
