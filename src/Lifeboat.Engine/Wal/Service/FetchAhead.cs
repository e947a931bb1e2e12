using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>How a segment stands that recovery asked for.</summary>
public enum FetchState
{
    /// <summary>The service does not bring it; the command asks the repository itself.</summary>
    None,

    /// <summary>It is on its way.</summary>
    OnItsWay,

    /// <summary>It lies in the spool.</summary>
    Spooled,
}

/// <summary>
/// Brings the segments behind the one that recovery asked for last, on the same timeline, as far as the spool's bound
/// allows. Another timeline is followed when recovery asks for it. Only what a fetch delivered, compared and whole, gets
/// its name in the spool; absence is never told.
/// </summary>
public sealed class FetchAhead(ServiceSession session, long spoolBytes, int workers, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(2);

    /// <summary>What was brought longer ago is not delivered: who waits so long gets the repository's answer of then.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Spooled> _spooled = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> _underWay = new(StringComparer.Ordinal);
    private readonly MemoryBound _memory = new();
    private readonly UnsyncedFiles _unsynced = new(session.Files);
    private string? _asked;
    private WalSegmentSize? _size;
    private string? _absent;
    private long _failedAt;
    private bool _failing;
    private long _fetched;
    private ServiceError? _lastError;

    public Wakening Wakening { get; } = new();

    /// <summary>Recovery has asked for this segment.</summary>
    public void Ask(string name)
    {
        if (!WalFileName.IsSegment(name) || session.LocalRepository is null || !session.IsShown)
        {
            return;
        }

        lock (_lock)
        {
            _asked = name;
            _absent = null;
            _failing = false;
        }

        Wakening.Wake();
    }

    public FetchState StateOf(string name)
    {
        lock (_lock)
        {
            return _spooled.ContainsKey(name) ? FetchState.Spooled
                : _underWay.ContainsKey(name) || (_asked == name && _absent is null && !_failing) ? FetchState.OnItsWay
                : FetchState.None;
        }
    }

    /// <summary>Works until it is to stop or the session is no longer current.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested && session.IsCurrent())
            {
                Step();
                await Wakening.WaitAsync(Look, stop);
            }
        }
        finally
        {
            Task[] rest;
            lock (_lock)
            {
                rest = [.. _underWay.Values];
            }

            await Task.WhenAll(rest);
        }
    }

    public FetchHealth Health()
    {
        lock (_lock)
        {
            return new FetchHealth(
                _asked,
                _spooled.Count,
                _spooled.Values.Sum(item => item.Bytes),
                spoolBytes,
                _underWay.Count,
                _fetched,
                _failing,
                _lastError);
        }
    }

    public void Dispose() => Wakening.Dispose();

    private void Step()
    {
        lock (_lock)
        {
            NoticeTaken();
            Evict();
            if (_asked is null || (_failing && time.GetElapsedTime(_failedAt) < FailurePause))
            {
                return;
            }

            foreach (var name in Wanted())
            {
                if (_underWay.Count >= workers || name == _absent || (name != _asked && !HasRoom()))
                {
                    break;
                }

                if (!_spooled.ContainsKey(name) && !_underWay.ContainsKey(name))
                {
                    Mark(name);
                    _underWay.Add(name, Task.Run(() => FetchAsync(name)));
                }
            }
        }
    }

    private bool HasRoom() =>
        _spooled.Values.Sum(item => item.Bytes) + ((_underWay.Count + 1L) * _size!.Value.Bytes) <= spoolBytes;

    /// <summary>The segment that was asked for and, once segments' size is known, those behind it that have room.</summary>
    private IEnumerable<string> Wanted()
    {
        yield return _asked!;
        if (_size is not { } size || !WalSegmentName.TryParse(_asked, size, out var next))
        {
            yield break;
        }

        var room = Math.Min(spoolBytes, session.Files.Space(session.Places.Spool).Free / 4) / size.Bytes;
        for (var count = 1; count < room; count++)
        {
            next = next.Next;
            yield return next.ToString();
        }
    }

    /// <summary>What has gone from the spool recovery has taken; it will ask for the next one.</summary>
    private void NoticeTaken()
    {
        foreach (var name in _spooled.Keys.ToList())
        {
            if (session.Files.Stat(session.Places.Spooled(name)) is not null)
            {
                continue;
            }

            _spooled.Remove(name);
            ServiceFolder.Remove(session.Files, ServicePlaces.Object(session.Places.Spooled(name)));
            if (_size is { } size && WalSegmentName.TryParse(name, size, out var taken)
                && WalSegmentName.TryParse(_asked, size, out var asked)
                && (taken.Timeline != asked.Timeline || taken.Number >= asked.Number))
            {
                _asked = taken.Next.ToString();
            }
        }
    }

    /// <summary>Removes what recovery has passed, and what is too old.</summary>
    private void Evict()
    {
        foreach (var (name, item) in _spooled)
        {
            // The last sixteen digits order segments of all timelines.
            if (string.CompareOrdinal(name, 8, _asked, 8, 16) < 0 || time.GetElapsedTime(item.Since) > Lifetime)
            {
                Remove(name);
                _spooled.Remove(name);
                if (time.GetElapsedTime(item.Since) > Lifetime)
                {
                    // Nobody asks any more; the next question starts it again.
                    _asked = null;
                }
            }
        }
    }

    private async Task FetchAsync(string name)
    {
        var path = session.Places.Spooled(name);
        var coming = $"{path}.coming";
        try
        {
            var outcome = await WalFetch.RunAsync(
                new WalFetchRequest
                {
                    Cluster = session.Cluster,
                    Name = name,
                    Destination = coming,
                    ClusterDirectory = session.Places.DataDirectory,
                    Files = _unsynced,
                    Workers = 1,
                    RetryFor = TimeSpan.Zero,
                    Time = time,
                },
                CancellationToken.None);
            await session.RequireSameClusterAsync(CancellationToken.None);

            // What was put together from streamed pieces grows: only the command, at the moment of asking, brings it.
            if (outcome.Object is { } item && item.File == name && session.IsCurrent())
            {
                Deliver(name, coming, item);
            }
            else
            {
                lock (_lock)
                {
                    _absent = name;
                }
            }

            _failing = false;
        }
        catch (Exception failure)
        {
            lock (_lock)
            {
                _failing = true;
                _failedAt = time.GetTimestamp();
                _lastError = new ServiceError(name, failure.Message, time.GetUtcNow());
            }
        }
        finally
        {
            ServiceFolder.Remove(session.Files, coming);
            ServiceFolder.Remove(session.Files, ServicePlaces.OnItsWay(path));
            lock (_lock)
            {
                _underWay.Remove(name);
            }

            _memory.Keep();
            Wakening.Wake();
        }
    }

    private void Deliver(string name, string coming, WalObject item)
    {
        var bytes = session.Files.Stat(coming)!.Value.Size;
        var path = session.Places.Spooled(name);
        lock (_lock)
        {
            if (_size is null && WalSegmentSize.IsValid(bytes))
            {
                _size = new WalSegmentSize((int)bytes);
            }

            ServiceFolder.Remove(session.Files, ServicePlaces.Object(path));
            session.Files.CreateSymbolicLink(
                PosixPath.Combine(session.LocalRepository!, item.Name.Value), ServicePlaces.Object(path));
            session.Files.Rename(coming, path);
            _spooled[name] = new Spooled(bytes, time.GetTimestamp());
            _fetched++;
        }
    }

    private void Mark(string name)
    {
        var path = ServicePlaces.OnItsWay(session.Places.Spooled(name));
        ServiceFolder.Remove(session.Files, path);
        using var mark = session.Files.Create(path);
        mark.Close();
    }

    private void Remove(string name)
    {
        ServiceFolder.Remove(session.Files, session.Places.Spooled(name));
        ServiceFolder.Remove(session.Files, ServicePlaces.Object(session.Places.Spooled(name)));
    }

    private readonly record struct Spooled(long Bytes, long Since);
}
