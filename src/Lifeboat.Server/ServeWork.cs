using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Server;

/// <summary>All that a service does during one session. Owns its parts; the session is the caller's.</summary>
internal sealed class ServeWork : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan SayWait = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long the archiver is kept waiting beyond its own segment, so that many more are ready when it goes on: each
    /// time it finds one that is not, it starts our program.
    /// </summary>
    private static readonly TimeSpan LongestBeyond = TimeSpan.FromMilliseconds(1500);

    /// <summary>A caller who has waited so long does it himself.</summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan DutyPause = TimeSpan.FromSeconds(5);

    private readonly ServeOptions _options;
    private readonly Acknowledgements _acknowledgements;
    private readonly IServiceDuty[] _duties;
    private volatile bool _over;

    internal ServeWork(ServeOptions options, ServiceSession session)
    {
        _options = options;
        Session = session;
        _acknowledgements = new Acknowledgements(session);
        Push = new PushAhead(session, _acknowledgements, options.Workers, options.Host, options.Time);
        Fetch = new FetchAhead(session, options.SpoolBytes, options.Workers, options.Time);
        _duties = [.. options.Duties.Select(make => make(session))];
    }

    internal ServiceSession Session { get; }

    internal PushAhead Push { get; }

    internal FetchAhead Fetch { get; }

    /// <summary>Returns when it is to stop, or when the session is no longer current, after ending what is under way.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var archive = Watch(Session.Places.ArchiveStatus, Push.Wakening);
        using var spool = Watch(Session.Places.Spool, Fetch.Wakening);
        List<Task> parts = [Push.RunAsync(ended.Token), Fetch.RunAsync(ended.Token)];
        parts.AddRange(_duties.Select(duty => RepeatAsync(duty, ended.Token)));

        // The first part that ends, by a session that is over or by an error, ends the others.
        await Task.WhenAny(parts);
        _over = true;
        await ended.CancelAsync();
        await Task.WhenAll(parts);
    }

    internal Task AnswerPushAsync(string name, Func<string, Task> send, CancellationToken stop)
    {
        Push.Wakening.Wake();
        var acknowledged = long.MaxValue;
        return AnswerAsync(
            () =>
            {
                var state = Push.StateOf(name);
                if (state is PushState.None or PushState.Failing)
                {
                    return false;
                }

                if (state == PushState.Waiting)
                {
                    return null;
                }

                acknowledged = Math.Min(acknowledged, _options.Time.GetTimestamp());
                return Push.IsAhead() || _options.Time.GetElapsedTime(acknowledged) >= LongestBeyond ? true : null;
            },
            send,
            stop);
    }

    internal Task AnswerFetchAsync(string name, Func<string, Task> send, CancellationToken stop)
    {
        Fetch.Ask(name);
        return AnswerAsync(
            () => Fetch.StateOf(name) switch
            {
                FetchState.Spooled => true,
                FetchState.None => false,
                _ => null,
            },
            send,
            stop);
    }

    internal IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> DutyHealth() =>
        _duties.ToDictionary(duty => duty.Name, duty => duty.Health());

    public void Dispose()
    {
        _acknowledgements.Dispose();
        Push.Dispose();
        Fetch.Dispose();
    }

    /// <summary>Says to wait until the outcome is known, and then what it is.</summary>
    private async Task AnswerAsync(Func<bool?> outcome, Func<string, Task> send, CancellationToken stop)
    {
        var begun = _options.Time.GetTimestamp();
        var said = begun;
        while (!_over && _options.Time.GetElapsedTime(begun) < LongestAnswer)
        {
            if (outcome() is { } known)
            {
                await send(known ? "done\n" : "no\n");
                return;
            }

            await Task.Delay(Poll, _options.Time, stop);
            if (_options.Time.GetElapsedTime(said) >= SayWait)
            {
                await send("wait\n");
                said = _options.Time.GetTimestamp();
            }
        }

        await send("no\n");
    }

    private async Task RepeatAsync(IServiceDuty duty, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await duty.RunAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (LifeboatException failure)
            {
                _options.Log($"{duty.Name}: {failure.Message}");
            }

            try
            {
                await Task.Delay(DutyPause, _options.Time, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Wakes at every change in a directory. Where the kernel offers no watch, the loops look by themselves.</summary>
    private static FileSystemWatcher? Watch(string directory, Wakening wakening)
    {
        try
        {
            var watcher = new FileSystemWatcher(directory) { NotifyFilter = NotifyFilters.FileName };
            watcher.Created += (_, _) => wakening.Wake();
            watcher.Deleted += (_, _) => wakening.Wake();
            watcher.Renamed += (_, _) => wakening.Wake();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception none) when (none is IOException or ArgumentException)
        {
            return null;
        }
    }
}
