using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// What is durable in the repository and not yet marked as archived, shown so that a shell can test it. Never more than
/// that: each of them names one open file, one time of its last change and one object.
/// </summary>
/// <remarks>
/// <para>For segment S: <c>S</c> links to the open file that was read; <c>S.b</c> and <c>S.a</c> are empty files whose
/// times of change lie just before and just after the segment's; <c>S.o</c> links to the object. It holds while
/// <c>pg_wal/S</c> is that very file, was changed between these times, and the object is there; and while the session's
/// own links hold. docs/decisions/0013 has the argument, case by case.</para>
/// <para>Shown last and withdrawn first is <c>S</c>; a name that was withdrawn is not shown again in the same session, so
/// that a test which runs meanwhile never mixes two of them.</para>
/// </remarks>
public sealed class Acknowledgements(ServiceSession session) : IDisposable
{
    /// <summary>Open files that may be held at a time.</summary>
    internal const int Most = 256;

    /// <summary>Half the width within which the time of change must lie: less than any clock tick.</summary>
    private const long MarginNs = 1000;

    private const int MostRemembered = 4096;

    private readonly Dictionary<string, Shown> _shown = new(StringComparer.Ordinal);
    private readonly Queue<string> _withdrawn = new();
    private readonly Lock _lock = new();
    private bool _ended;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _shown.Count;
            }
        }
    }

    public bool Contains(string name)
    {
        lock (_lock)
        {
            return _shown.ContainsKey(name);
        }
    }

    /// <summary>Shows that the file is durable. False when it cannot be shown; then the file is still the caller's.</summary>
    /// <param name="held">Open; the acknowledgement owns it when the answer is true.</param>
    /// <param name="status">Of the file, the same before and after it was read.</param>
    internal bool Show(string name, IFile held, FileStatus status, WalObject stored)
    {
        lock (_lock)
        {
            if (_ended || !session.IsShown || session.LocalRepository is not { } repository || _shown.Count >= Most
                || _shown.ContainsKey(name) || _withdrawn.Contains(name) || held.Descriptor is null)
            {
                return false;
            }

            var path = session.Places.Acknowledgement(name);
            try
            {
                if (!Stamp(ServicePlaces.Older(path), status.ModifiedNs - MarginNs)
                    || !Stamp(ServicePlaces.Newer(path), status.ModifiedNs + MarginNs))
                {
                    // The file system keeps times too coarsely to tell one change from the next.
                    Remove(path);
                    return false;
                }

                session.Files.CreateSymbolicLink(
                    PosixPath.Combine(repository, stored.Name.Value), ServicePlaces.Object(path));
                session.Files.CreateSymbolicLink(ServiceSession.LinkTo(held), path);
            }
            catch (LifeboatException)
            {
                Remove(path);
                throw;
            }

            _shown.Add(name, new Shown(held, status));
            return true;
        }
    }

    /// <summary>
    /// Withdraws what the server has marked as archived, and what is no longer as it was. Returns how many the server
    /// has marked.
    /// </summary>
    internal int Review()
    {
        lock (_lock)
        {
            var done = 0;
            foreach (var (name, shown) in _shown)
            {
                var isReady = session.Files.Stat(session.Places.Ready(name)) is not null;
                if (!isReady || !IsUnchanged(name, shown))
                {
                    done += isReady ? 0 : 1;
                    Withdraw(name, shown);
                }
            }

            return done;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            foreach (var (name, shown) in _shown)
            {
                Withdraw(name, shown);
            }
        }
    }

    private bool IsUnchanged(string name, Shown shown) =>
        shown.File.Status() == shown.Status
        && session.Files.Stat(session.Places.Segment(name)) == shown.Status;

    private bool Stamp(string path, long modifiedNs)
    {
        using (var file = session.Files.Create(path))
        {
            file.Close();
        }

        session.Files.SetModifiedTime(path, modifiedNs);
        return session.Files.Stat(path) is { } stamped && stamped.ModifiedNs == modifiedNs;
    }

    private void Withdraw(string name, Shown shown)
    {
        Remove(session.Places.Acknowledgement(name));
        _shown.Remove(name);
        _withdrawn.Enqueue(name);
        if (_withdrawn.Count > MostRemembered)
        {
            _withdrawn.Dequeue();
        }

        // Only now: while its link is there, the number must not come to mean another file.
        shown.File.Dispose();
    }

    private void Remove(string path)
    {
        ServiceFolder.Remove(session.Files, path);
        ServiceFolder.Remove(session.Files, ServicePlaces.Object(path));
        ServiceFolder.Remove(session.Files, ServicePlaces.Older(path));
        ServiceFolder.Remove(session.Files, ServicePlaces.Newer(path));
    }

    private readonly record struct Shown(IFile File, FileStatus Status);
}
