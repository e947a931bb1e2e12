using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Lifeboat.Testing.Servers;

/// <summary>A program that was started by a test and whose outputs are being collected.</summary>
public sealed class RunningProgram : IDisposable
{
    // A grandchild that keeps the pipe open must not make an ended program look alive.
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(5);

    private readonly ProgramStart _start;
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly Task _reading;

    private RunningProgram(ProgramStart start, Process process)
    {
        _start = start;
        _process = process;
        _reading = Task.WhenAll(
            CollectAsync(process.StandardOutput, _output), CollectAsync(process.StandardError, _error));
    }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What was written to standard output so far.</summary>
    public string Output => Text(_output);

    public string Error => Text(_error);

    /// <summary>The most memory that it has had, bytes; 0 when it has ended.</summary>
    public long PeakMemory()
    {
        try
        {
            var line = File.ReadLines($"/proc/{ProcessId}/status").FirstOrDefault(
                line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null
                ? 0
                : long.Parse(
                    line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
        }
        catch (IOException) when (HasExited)
        {
            return 0;
        }
    }

    public static RunningProgram Start(ProgramStart start)
    {
        // A shell that runs the tests in its background has them, and all that they start, ignore SIGINT.
        var words = new List<string> { "env", "--default-signal=INT,QUIT" };
        words.AddRange(start.AsPostgres ? PostgresUser.Prefix : []);
        words.Add(start.File);
        words.AddRange(start.Arguments);
        var info = new ProcessStartInfo(words[0], words.Skip(1))
        {
            WorkingDirectory = start.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        SetEnvironment(info.Environment, start);
        var process = Process.Start(info)!;
        try
        {
            process.StandardInput.Write(start.Input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended or closed its input before it had read everything: that is its own choice.
        }

        return new RunningProgram(start, process);
    }

    public static async Task<ProgramResult> RunAsync(ProgramStart start)
    {
        using var program = Start(start);
        return await program.WaitAsync();
    }

    /// <summary>Waits for the end. When the timeout passes, kills it and fails with both outputs.</summary>
    public async Task<ProgramResult> WaitAsync()
    {
        using var timeout = new CancellationTokenSource(_start.Timeout);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException error)
        {
            await KillAsync();
            throw new TimeoutException($"still running after {_start.Timeout}\n{Result()}", error);
        }

        await DrainAsync();
        return Result();
    }

    /// <summary>kill -9 of this process alone, and waits until it is gone. Nothing when it has ended.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await DrainAsync();
    }

    /// <summary>Sends a signal by its name, such as INT or TERM.</summary>
    public void Signal(string name) => PostgresUser.Coreutils("kill", "-s", name, $"{ProcessId}");

    /// <summary>Waits until one of the outputs contains the text; fails when the program ends without it.</summary>
    public async Task WaitForTextAsync(string text)
    {
        var since = Stopwatch.StartNew();
        while (!Output.Contains(text, StringComparison.Ordinal) && !Error.Contains(text, StringComparison.Ordinal))
        {
            if (_reading.IsCompleted || since.Elapsed > _start.Timeout)
            {
                throw new TimeoutException($"'{text}' was never written\n{Result()}");
            }

            await Task.Delay(10);
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    internal static void SetEnvironment(IDictionary<string, string?> environment, ProgramStart start)
    {
        foreach (var name in environment.Keys.Where(IsTestersOwn).ToList())
        {
            environment.Remove(name);
        }

        environment["LC_ALL"] = "C.UTF-8";
        if (start.AsPostgres)
        {
            environment["HOME"] = "/tmp";
        }

        foreach (var (name, value) in start.Environment)
        {
            environment[name] = value;
        }
    }

    private static bool IsTestersOwn(string name) =>
        name.StartsWith("PG", StringComparison.Ordinal) || name.StartsWith("LIFEBOAT_", StringComparison.Ordinal)
        || name == "DATABASE_URL";

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private static async Task CollectAsync(StreamReader reader, StringBuilder into)
    {
        var buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer)) > 0)
        {
            lock (into)
            {
                into.Append(buffer, 0, count);
            }
        }
    }

    private async Task DrainAsync()
    {
        try
        {
            await _reading.WaitAsync(s_drain);
        }
        catch (TimeoutException)
        {
            // What was collected is all there will be.
        }
    }

    private ProgramResult Result() =>
        new(_start.ToString(), _process.HasExited ? _process.ExitCode : -1, Output, Error);
}
