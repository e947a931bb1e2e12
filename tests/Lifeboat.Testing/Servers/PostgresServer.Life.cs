using System.Collections.Concurrent;
using System.Diagnostics;

namespace Lifeboat.Testing.Servers;

/// <summary>How a server is stopped; the words are pg_ctl's.</summary>
public enum StopMode
{
    /// <summary>Ends sessions, archives what is left, writes a shutdown checkpoint.</summary>
    Fast,

    /// <summary>No checkpoint: the next start recovers.</summary>
    Immediate,
}

public sealed partial class PostgresServer
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);
    private static readonly ConcurrentDictionary<int, Process> s_running = new();
    private Process? _process;

    static PostgresServer() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        // A test run that is interrupted leaves no server behind.
        foreach (var process in s_running.Values)
        {
            process.Kill();
        }
    };

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>The postmaster's process id; fails when it was never started.</summary>
    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("the server was not started");

    /// <summary>How it ended; fails while it runs.</summary>
    public int ExitCode => _process?.ExitCode ?? throw new InvalidOperationException("the server was not started");

    /// <summary>Starts it and waits until it accepts connections; fails with its log when it does not.</summary>
    public async Task StartAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            var logged = Log.Length;
            Launch();
            if (await BecameReadyAsync())
            {
                return;
            }

            // Another process may have taken the port since it was found free.
            if (attempt == 3 || !Log[logged..].Contains("could not bind", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"{Installation} did not start in {DataDirectory}\n{Log}");
            }

            Port = FreePort();
        }
    }

    /// <summary>Starts it without waiting: for servers that end by themselves or recover for long.</summary>
    public void Launch()
    {
        if (IsRunning)
        {
            throw new InvalidOperationException("the server is running");
        }

        string[] words =
        [
            .. PostgresUser.Prefix, Installation.Tool("postgres"), "-D", DataDirectory, "-p", Text(Port),
            "-k", SocketFolder, "-c", "listen_addresses=127.0.0.1", "-c", "logging_collector=off",
            .. Options.StartArguments,
        ];
        // The shell replaces itself by the server, so that the server is this process's own child: a killed one is
        // reaped at once, and its postmaster.pid does not look alive.
        var info = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >> \"$0\" 2>&1 < /dev/null", LogPath, .. words])
        {
            WorkingDirectory = "/",
        };
        RunningProgram.SetEnvironment(
            info.Environment, new ProgramStart("postgres") { AsPostgres = true, Environment = Options.Environment });
        _process = Process.Start(info)!;
        s_running[_process.Id] = _process;
    }

    /// <summary>Waits until connections are accepted. False when the server ended instead.</summary>
    public async Task<bool> BecameReadyAsync()
    {
        var since = Stopwatch.StartNew();
        while (IsRunning)
        {
            if (StatusLine() == "ready")
            {
                return true;
            }

            if (since.Elapsed > s_patience)
            {
                throw new TimeoutException($"{Installation} was not ready after {s_patience}\n{Log}");
            }

            await Task.Delay(20);
        }

        return false;
    }

    /// <summary>Waits until a server in recovery has been promoted and takes writes.</summary>
    public Task WaitUntilPromotedAsync() => WaitUntilAsync("promoted", "SELECT NOT pg_is_in_recovery()");

    /// <summary>Asks until the query's boolean is true.</summary>
    public async Task WaitUntilAsync(string what, string query, string database = "postgres")
    {
        var since = Stopwatch.StartNew();
        while (!await ScalarAsync<bool>(query, database))
        {
            if (since.Elapsed > s_patience)
            {
                throw new TimeoutException($"{Installation} was not {what} after {s_patience}\n{Log}");
            }

            await Task.Delay(30);
        }
    }

    /// <summary>Waits until the server has ended by itself and returns its exit code.</summary>
    public async Task<int> WaitUntilEndedAsync()
    {
        var process = _process ?? throw new InvalidOperationException("the server was not started");
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException error)
        {
            throw new TimeoutException($"{Installation} did not end in {s_patience}\n{Log}", error);
        }

        s_running.TryRemove(process.Id, out _);
        return process.ExitCode;
    }

    /// <summary>Stops it and waits; nothing when it does not run.</summary>
    public async Task StopAsync(StopMode mode = StopMode.Fast)
    {
        if (_process is null)
        {
            return;
        }

        var children = Children(_process.Id);
        if (!_process.HasExited)
        {
            PostgresUser.Coreutils("kill", "-s", mode == StopMode.Fast ? "INT" : "QUIT", Text(_process.Id));
        }

        await WaitUntilEndedAsync();
        await WaitUntilGoneAsync(children);
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>
    /// kill -9 of the postmaster and all its processes, as when the machine stops, and waits until they are gone. Its
    /// postmaster.pid stays, as it would.
    /// </summary>
    public async Task KillAsync()
    {
        var process = _process ?? throw new InvalidOperationException("the server was not started");
        // Stopped first, so that the postmaster cannot start another child between the list and the kill.
        PostgresUser.Coreutils("kill", "-s", "STOP", Text(process.Id));
        var children = Children(process.Id);
        process.Kill();
        foreach (var child in children)
        {
            try
            {
                using var running = Process.GetProcessById(child);
                running.Kill();
            }
            catch (ArgumentException)
            {
                // It ended by itself, as a backend does when its postmaster is gone.
            }
        }

        await WaitUntilEndedAsync();
        await WaitUntilGoneAsync(children);
    }

    private static List<int> Children(int parent)
    {
        var children = new List<int>();
        foreach (var task in Directory.Exists($"/proc/{parent}/task")
            ? Directory.GetDirectories($"/proc/{parent}/task")
            : [])
        {
            children.AddRange(File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(int.Parse));
        }

        return children;
    }

    // A process of the old server holds its shared memory, which keeps the next one from starting. A zombie holds
    // nothing.
    private static async Task WaitUntilGoneAsync(List<int> processes)
    {
        var since = Stopwatch.StartNew();
        while (processes.Any(IsAlive))
        {
            if (since.Elapsed > s_patience)
            {
                throw new TimeoutException($"processes {string.Join(' ', processes.Where(IsAlive))} did not end");
            }

            await Task.Delay(10);
        }
    }

    private static bool IsAlive(int process)
    {
        try
        {
            var status = File.ReadAllText($"/proc/{process}/stat");
            return status[status.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    // The eighth line of postmaster.pid is what pg_ctl waits for too. One of an earlier run has another process id.
    private string StatusLine()
    {
        try
        {
            var lines = File.ReadAllLines(Path.Combine(DataDirectory, "postmaster.pid"));
            return lines.Length >= 8 && lines[0] == Text(ProcessId) ? lines[7].Trim() : "";
        }
        catch (FileNotFoundException)
        {
            return "";
        }
    }
}
