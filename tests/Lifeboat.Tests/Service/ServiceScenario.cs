using System.Diagnostics;
using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Storage;
using Lifeboat.Storage.Local;
using Lifeboat.Testing.Files;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Engine;
using Xunit;

namespace Lifeboat.Tests.Service;

/// <summary>
/// A server's data directory, a repository in a directory, and a service's session between them; with the shells that
/// PostgreSQL would ask.
/// </summary>
internal sealed class ServiceScenario : IDisposable
{
    /// <summary>What the shell returns when it does not believe the service.</summary>
    internal const int NotBelieved = 99;

    private readonly ScratchDirectory _scratch = ScratchDirectory.InMemory();
    private readonly ArchiveScenario _archive;

    private ServiceScenario(Func<ScratchDirectory, IObjectStore> store, ScratchDirectory scratch, ArchiveScenario archive)
    {
        _scratch.Dispose();
        _scratch = scratch;
        _archive = archive;
        OpenStore = () => store(scratch);
        Server = archive.NewServer("server");
        Files.CreateDirectory($"{Server}/pg_wal/archive_status");
        Places = new ServicePlaces(Server, "main");
    }

    internal static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The shells of this machine that know <c>-ef</c>: its sh, and bash, whose tests differ.</summary>
    internal static IReadOnlyList<string> Shells { get; } =
        [.. new[] { "/bin/sh", "/bin/bash", "/bin/busybox" }.Where(File.Exists)];

    internal IFileSystem Files => PosixFileSystem.Instance;

    internal Func<IObjectStore> OpenStore { get; }

    internal ArchiveScenario Archive => _archive;

    internal Cluster Cluster => _archive.Cluster;

    internal string Server { get; }

    internal string Repository => _scratch.Combine("repository");

    internal string Scratch => _scratch.Path;

    internal ServicePlaces Places { get; }

    internal static async Task<ServiceScenario> NewAsync()
    {
        var scratch = ScratchDirectory.InMemory();
        var path = scratch.Combine("repository");
        var archive = await ArchiveScenario.NewAsync(_ => LocalObjectStore.Create(PosixFileSystem.Instance, path));
        return new ServiceScenario(
            made => LocalObjectStore.Open(PosixFileSystem.Instance, made.Combine("repository")), scratch, archive);
    }

    internal async Task<Running> BeginAsync(IFileSystem? files = null, long spoolBytes = 8L << 20)
    {
        var folder = ServiceFolder.Take(files ?? Files, Places);
        var session = await ServiceSession.BeginAsync(files ?? Files, folder, Cluster, Repository, Token);
        return new Running(folder, session, spoolBytes);
    }

    /// <summary>Segments of 1 MiB of one history, as many as asked for, from number 5 on.</summary>
    internal static IReadOnlyList<(string Name, byte[] Content)> Segments(int count)
    {
        var wal = new WalBuilder();
        for (var segment = 0; segment < count; segment++)
        {
            wal.FillTo(700_000);
            wal.Switch();
        }

        return [.. wal.Segments.Take(count).Select(item => (item.Name.ToString(), item.Content.ToArray()))];
    }

    /// <summary>As the server leaves it: whole, some time ago, and to be archived.</summary>
    internal void MakeReady(string name, ReadOnlySpan<byte> content)
    {
        _archive.Write($"{Server}/pg_wal/{name}", content);
        Age($"{Server}/pg_wal/{name}");
        _archive.Write($"{Server}/pg_wal/archive_status/{name}.ready", []);
    }

    /// <summary>Sets the time of change to one that no tick of now can be.</summary>
    internal void Age(string path, double seconds = 10) => Files.SetModifiedTime(
        path, (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch - TimeSpan.FromSeconds(seconds)).Ticks * 100 + 7);

    /// <summary>What each shell says to the archive_command in this directory; all must say the same.</summary>
    internal int Push(string name, string? server = null, string? repository = null, string cluster = "main") => Ask(
        ShellCommands.Archive(repository ?? Repository, cluster, $"sh -c 'exit {NotBelieved}'"), name, $"pg_wal/{name}", server);

    internal int Fetch(string name, string? server = null, string? repository = null, string? shell = null) => Ask(
        ShellCommands.Restore(repository ?? Repository, "main", $"sh -c 'exit {NotBelieved}'"),
        name,
        "pg_wal/RECOVERYXLOG",
        server,
        shell is null ? Shells : [shell]);

    /// <summary>The tests of the program itself.</summary>
    internal ServiceEvidence Evidence(string? server = null, string? repository = null, string cluster = "main") =>
        new(Files, new ServicePlaces(server ?? Server, cluster), repository ?? Repository);

    internal void Run(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-ec", command]))!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    public void Dispose()
    {
        _archive.Dispose();
        _scratch.Dispose();
    }

    private int Ask(string command, string name, string path, string? server, IReadOnlyList<string>? shells = null)
    {
        var line = command.Replace("%p", path, StringComparison.Ordinal).Replace("%f", name, StringComparison.Ordinal);
        Assert.DoesNotContain('%', line);
        var codes = (shells ?? Shells).Select(shell => Run(shell, line, server ?? Server)).Distinct().ToList();
        return Assert.Single(codes);
    }

    private static int Run(string shell, string line, string directory)
    {
        string[] words = shell.EndsWith("busybox", StringComparison.Ordinal) ? ["sh", "-c", line] : ["-c", line];
        var start = new ProcessStartInfo(shell, words)
        {
            WorkingDirectory = directory,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal("", error);
        return process.ExitCode;
    }

    /// <summary>A session with its two loops, not yet running.</summary>
    internal sealed class Running : IDisposable
    {
        private readonly ServiceFolder _folder;
        private readonly CancellationTokenSource _stop = new();
        private readonly List<Task> _loops = [];

        internal Running(ServiceFolder folder, ServiceSession session, long spoolBytes)
        {
            _folder = folder;
            Session = session;
            Shown = new Acknowledgements(session);
            Push = new PushAhead(session, Shown, workers: 2, host: "here", TimeProvider.System);
            Fetch = new FetchAhead(session, spoolBytes, workers: 2, TimeProvider.System);
        }

        internal ServiceSession Session { get; }

        internal Acknowledgements Shown { get; }

        internal PushAhead Push { get; }

        internal FetchAhead Fetch { get; }

        internal Running Start()
        {
            _loops.Add(Task.Run(() => Push.RunAsync(_stop.Token)));
            _loops.Add(Task.Run(() => Fetch.RunAsync(_stop.Token)));
            return this;
        }

        internal Task Loops => Task.WhenAll(_loops);

        internal async Task UntilAsync(Func<bool> condition)
        {
            var begun = Stopwatch.GetTimestamp();
            while (!condition())
            {
                if (Stopwatch.GetElapsedTime(begun) > TimeSpan.FromMinutes(2))
                {
                    throw new TimeoutException($"{Push.Health()}\n{Fetch.Health()}");
                }

                Push.Wakening.Wake();
                Fetch.Wakening.Wake();
                await Task.Delay(5, Token);
            }
        }

        public void Dispose()
        {
            _stop.Cancel();
            Loops.Wait(TestContext.Current.CancellationToken);
            Shown.Dispose();
            Push.Dispose();
            Fetch.Dispose();
            Session.Dispose();
            _folder.Dispose();
            _stop.Dispose();
        }
    }
}
