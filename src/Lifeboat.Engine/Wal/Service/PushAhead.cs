using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>How a file that the server wants archived stands with the service.</summary>
public enum PushState
{
    /// <summary>The server does not ask for it, or the service leaves it to the command.</summary>
    None,

    /// <summary>It waits, or is being pushed.</summary>
    Waiting,

    /// <summary>It is durable and shown as such.</summary>
    Acknowledged,

    /// <summary>Pushing fails at the moment.</summary>
    Failing,
}

/// <summary>
/// Pushes the segments that the server has marked as ready before its archiver asks for them, several at a time, and
/// shows what is durable. The archiver stays the authority: nothing is marked here, and what fails here it hears from
/// its own command.
/// </summary>
public sealed class PushAhead(
    ServiceSession session, Acknowledgements shown, int workers, string? host, TimeProvider time) : IDisposable
{
    /// <summary>
    /// The time between a segment's last change and the reading that is acknowledged. Clocks of files tick every 1 to
    /// 10 ms: a change within one tick of another would not show.
    /// </summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task> _underWay = new(StringComparer.Ordinal);
    private readonly HashSet<string> _left = new(StringComparer.Ordinal);
    private readonly MemoryBound _memory = new();
    private List<string> _ready = [];
    private TimeSpan _pause = TimeSpan.Zero;
    private bool _ending;
    private long _failedAt;
    private long _pushed;
    private string? _lastPushed;
    private DateTimeOffset? _lastPushedAt;
    private ServiceError? _lastError;

    public Wakening Wakening { get; } = new();

    /// <summary>
    /// Works until it is to stop or the session is no longer current. What is under way then is ended, not broken off.
    /// </summary>
    /// <exception cref="LifeboatException">Errors of the data directory, or another repository at its place.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested && session.IsCurrent())
            {
                Step();
                await Wakening.WaitAsync(Look, stop);
                await Task.Delay(BetweenLooks, time, CancellationToken.None);
            }
        }
        finally
        {
            Task[] rest;
            lock (_lock)
            {
                _ending = true;
                rest = [.. _underWay.Values];
            }

            await Task.WhenAll(rest);
        }
    }

    public PushState StateOf(string name)
    {
        if (shown.Contains(name))
        {
            return PushState.Acknowledged;
        }

        lock (_lock)
        {
            return _left.Contains(name) || !WalFileName.IsSegment(name)
                || session.Files.Stat(session.Places.Ready(name)) is null ? PushState.None
                : IsPausing() ? PushState.Failing
                : PushState.Waiting;
        }
    }

    /// <summary>Whether so much lies ready that the archiver will not have to wait for a while.</summary>
    public bool IsAhead()
    {
        lock (_lock)
        {
            return IsPausing() || shown.Count >= Math.Min(Acknowledgements.Most / 2, _ready.Count - _left.Count);
        }
    }

    public PushHealth Health()
    {
        var waiting = HealthOf(session.Files, session.Places, time);
        lock (_lock)
        {
            return waiting with
            {
                Acknowledged = shown.Count,
                UnderWay = _underWay.Count,
                Pushed = _pushed,
                LastPushed = _lastPushed,
                LastPushedAt = _lastPushedAt,
                Failing = _pause > TimeSpan.Zero,
                RetryInSeconds = IsPausing()
                    ? Math.Round((_pause - time.GetElapsedTime(_failedAt)).TotalSeconds, 3)
                    : null,
                LastError = _lastError,
            };
        }
    }

    /// <summary>What waits, while nobody pushes.</summary>
    public static PushHealth HealthOf(IFileSystem files, ServicePlaces places, TimeProvider time)
    {
        var ready = ReadyFiles.List(files, places);
        var oldest = ready.Select(name => (Name: name, files.Stat(places.Ready(name))?.ModifiedNs))
            .Where(item => item.ModifiedNs is not null)
            .OrderBy(item => item.ModifiedNs)
            .FirstOrDefault();
        double? age = oldest.ModifiedNs is { } since
            ? Math.Round(Math.Max(0, AgeOf(since, time).TotalSeconds), 3)
            : null;
        return new PushHealth(ready.Count, oldest.Name, age, 0, 0, 0, null, null, false, null, null);
    }

    public void Dispose() => Wakening.Dispose();

    private void Step()
    {
        shown.Review();
        var ready = ReadyFiles.List(session.Files, session.Places);
        lock (_lock)
        {
            _ready = ready;
            _left.IntersectWith(ready);
            PushReady();
        }
    }

    /// <summary>Begins with as many of those that are known to be ready as there are workers free; under the lock.</summary>
    private void PushReady()
    {
        foreach (var name in _ready)
        {
            // A timeline's history goes into the archive before its segments; the command takes it there.
            if (_ending || WalFileName.IsHistory(name) || IsPausing() || _underWay.Count >= workers
                || shown.Count + _underWay.Count >= Acknowledgements.Most)
            {
                break;
            }

            if (WalFileName.IsSegment(name) && !_underWay.ContainsKey(name) && !_left.Contains(name)
                && !shown.Contains(name) && session.Files.Stat(session.Places.Ready(name)) is not null)
            {
                _underWay.Add(name, Task.Run(() => PushAsync(name)));
            }
        }
    }

    /// <summary>Goes on at once: until the next look this worker would have nothing to do.</summary>
    private void PushNext()
    {
        try
        {
            PushReady();
        }
        catch (FileSystemException)
        {
            // The next look meets it too, and ends the session.
        }
    }

    private async Task PushAsync(string name)
    {
        try
        {
            var isShown = await PushOneAsync(name);
            lock (_lock)
            {
                _pause = TimeSpan.Zero;
                _pushed++;
                _lastPushed = name;
                _lastPushedAt = time.GetUtcNow();
                if (!isShown)
                {
                    // It is durable, but cannot be shown: the command will find it stored.
                    _left.Add(name);
                }
            }

            session.ShowPushing(succeeds: true);
        }
        catch (Exception failure)
        {
            Failed(name, failure);
        }
        finally
        {
            _memory.Keep();
            lock (_lock)
            {
                _underWay.Remove(name);
                PushNext();
            }

            Wakening.Wake();
        }
    }

    private async Task<bool> PushOneAsync(string name)
    {
        var files = session.Files;
        var path = session.Places.Segment(name);
        var file = files.OpenRead(path);
        var kept = false;
        try
        {
            var status = file.Status();
            var age = AgeOf(status.ModifiedNs, time);
            if (age >= TimeSpan.Zero && age < Tick)
            {
                await Task.Delay(Tick - age, time, CancellationToken.None);
            }

            var outcome = await WalPush.RunAsync(
                new WalPushRequest
                {
                    Cluster = session.Cluster,
                    Path = path,
                    ClusterDirectory = session.Places.DataDirectory,
                    Files = new HeldFile(files, path, file),
                    // Several segments at a time keep all processors at work already; one alone has them for itself.
                    Workers = IsAlone() ? workers : 1,
                    Host = host,
                    Time = time,
                },
                CancellationToken.None);
            await session.RequireSameClusterAsync(CancellationToken.None);

            // A time in the future could come again, and a change then would not show.
            kept = age >= TimeSpan.Zero
                && outcome.Object.Lineage == session.Server.Lineage
                && file.Status() == status && files.Stat(path) == status
                && files.Stat(session.Places.Ready(name)) is not null
                && session.IsCurrent()
                && shown.Show(name, file, status, outcome.Object);
            return kept;
        }
        finally
        {
            if (!kept)
            {
                file.Dispose();
            }
        }
    }

    private void Failed(string name, Exception failure)
    {
        if (failure is FileSystemException { IsMissing: true } missing && missing.Failure.Subject.EndsWith(name,
            StringComparison.Ordinal))
        {
            // The command was quicker, and the server has removed the segment; or it is about to notice that it is gone.
            lock (_lock)
            {
                _left.Add(name);
            }

            return;
        }

        lock (_lock)
        {
            _failedAt = time.GetTimestamp();
            _pause = _pause == TimeSpan.Zero ? FirstPause : _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
            _lastError = new ServiceError(name, failure.Message, time.GetUtcNow());
        }

        session.ShowPushing(succeeds: false);
    }

    private bool IsAlone()
    {
        lock (_lock)
        {
            return _underWay.Count == 1;
        }
    }

    private bool IsPausing() => _pause > TimeSpan.Zero && time.GetElapsedTime(_failedAt) < _pause;

    private static TimeSpan AgeOf(long modifiedNs, TimeProvider time) =>
        time.GetUtcNow() - DateTimeOffset.UnixEpoch.AddTicks(modifiedNs / TimeSpan.NanosecondsPerTick);
}
