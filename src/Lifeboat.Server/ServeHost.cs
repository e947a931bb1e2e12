using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Server;

/// <summary>
/// <c>lifeboat serve</c>: holds the folder, listens, and has one session after the other until it is told to stop. What
/// fails is tried again; only a data directory that is taken away ends it.
/// </summary>
public sealed class ServeHost
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ServeOptions _options;
    private readonly DateTimeOffset _since;
    private ServeWork? _work;
    private ServiceError? _error;

    private ServeHost(ServeOptions options)
    {
        _options = options;
        _since = options.Time.GetUtcNow();
    }

    /// <summary>Serves until <paramref name="stop"/>; what is under way then is ended first.</summary>
    /// <exception cref="LifeboatException">
    /// What <see cref="ServiceFolder.Take"/> says; Usage: the place for HTTP is taken; NotFound: the data directory was
    /// taken away.
    /// </exception>
    public static async Task RunAsync(ServeOptions options, CancellationToken stop)
    {
        using var folder = ServiceFolder.Take(options.Files, options.Places);
        var host = new ServeHost(options);
        await using var socket = new ServeSocket(options.Files, options.Places.Socket, host.AnswerAsync);
        await using var http = options.Http is { } place ? new HttpHealthServer(place, host.Health) : null;
        socket.Start();
        http?.Start();
        options.Log($"serving {PosixPath.Display(options.Places.DataDirectory)}, cluster {options.Places.Cluster}");
        await host.WorkAsync(folder, stop);
        options.Log("stopped");
    }

    private async Task WorkAsync(ServiceFolder folder, CancellationToken stop)
    {
        var pause = FirstPause;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                RequireInPlace(folder);
                using var session = await BeginAsync(folder, stop);
                _error = null;
                pause = FirstPause;
                using var work = new ServeWork(_options, session);
                _work = work;
                _options.Log($"archiving into lineage {session.Server.Lineage} of {session.Cluster.Store.Location}"
                    + (session.IsShown ? "" : "; the shell cannot see acknowledgements here"));
                await work.RunAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (LifeboatException failure) when (folder.IsInPlace())
            {
                _error = new ServiceError("", failure.Message, _options.Time.GetUtcNow());
                _options.Log($"{failure.Message}; trying again in {pause.TotalSeconds:0} s");
                _work = null;
                await PauseAsync(pause, stop);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
            finally
            {
                _work = null;
            }
        }
    }

    private async Task<ServiceSession> BeginAsync(ServiceFolder folder, CancellationToken stop)
    {
        var cluster = await _options.OpenAsync(stop);
        return await ServiceSession.BeginAsync(_options.Files, folder, cluster, _options.LocalRepository, stop);
    }

    private void RequireInPlace(ServiceFolder folder)
    {
        if (!folder.IsInPlace())
        {
            throw new LifeboatException(new Failure(
                ErrorCode.NotFound,
                "serve",
                PosixPath.Display(_options.Places.DataDirectory),
                "the data directory was taken away or replaced",
                Hint: "Start 'lifeboat serve' again for the one that is there now."));
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop)
    {
        try
        {
            await Task.Delay(pause, _options.Time, stop);
        }
        catch (OperationCanceledException)
        {
            // The loop looks for itself.
        }
    }

    private async Task AnswerAsync(string line, Func<string, Task> send, CancellationToken stop)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var (verb, name) = space < 0 ? (line, "") : (line[..space], line[(space + 1)..]);
        switch (verb)
        {
            case "health":
                await send(System.Text.Encoding.UTF8.GetString(Health().ToBytes()));
                break;
            case "push" when _work is { } work:
                await work.AnswerPushAsync(name, send, stop);
                break;
            case "fetch" when _work is { } work:
                await work.AnswerFetchAsync(name, send, stop);
                break;
            default:
                await send("no\n");
                break;
        }
    }

    private HealthDocument Health()
    {
        var work = _work;
        var push = work?.Push.Health() ?? PushAhead.HealthOf(_options.Files, _options.Places, _options.Time);
        var fetch = work?.Fetch.Health();
        return new HealthDocument(
            work is null ? HealthDocument.Starting
                : push.Failing || fetch!.Failing ? HealthDocument.Failing
                : HealthDocument.Ok,
            PosixPath.Display(_options.Places.DataDirectory),
            _options.Places.Cluster,
            PosixPath.Display(_options.LocalRepository ?? ""),
            work?.Session.Server.Lineage.ToString(),
            _since,
            work?.Session.IsShown ?? false,
            Environment.WorkingSet,
            push,
            fetch,
            work?.DutyHealth() ?? new Dictionary<string, IReadOnlyDictionary<string, string>>(),
            _error);
    }
}
