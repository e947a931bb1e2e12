using System.Text.Json;
using Lifeboat.Engine.Wal.Service;
using Lifeboat.Server;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;

namespace Lifeboat.Tests.Postgres.Service;

/// <summary>
/// <c>lifeboat serve</c> beside a data directory, as the user postgres, with the commands by which a server uses it. Each
/// time that a command turns to the program instead, it leaves a line.
/// </summary>
internal sealed class Attendant : IAsyncDisposable
{
    private readonly Vault _vault;
    private readonly string _dataDirectory;
    private readonly string _turns;
    private RunningProgram? _program;

    private Attendant(Vault vault, string dataDirectory, string folder, JsonElement commands)
    {
        _vault = vault;
        _dataDirectory = dataDirectory;
        _turns = Path.Combine(vault.Folder.CreateForPostgres(folder), "turns");
        ArchiveCommand = Counted(commands.Text("archiveCommand"));
        RestoreCommand = Counted(commands.Text("restoreCommand"));
    }

    internal string ArchiveCommand { get; }

    internal string RestoreCommand { get; }

    /// <summary>How often the shell did not believe the service and started the program.</summary>
    internal int Turns => File.Exists(_turns) ? File.ReadAllLines(_turns).Length : 0;

    internal int ProcessId => _program!.ProcessId;

    internal static async Task<Attendant> OfAsync(Vault vault, string dataDirectory, string folder) =>
        new(vault, dataDirectory, folder, await vault.JsonAsync("serve", "--print-settings"));

    /// <summary>Starts it, and waits until it has opened the repository.</summary>
    internal async Task StartAsync(params IReadOnlyList<string> more)
    {
        Launch(more);
        await _program!.WaitForTextAsync("archiving into lineage");
    }

    internal void Launch(params IReadOnlyList<string> more) => _program = RunningProgram.Start(
        _vault.Command(["serve", "--cluster-dir", _dataDirectory, .. more]) with { Timeout = TimeSpan.FromMinutes(10) });

    internal async Task KillAsync()
    {
        await _program!.KillAsync();
        _program.Dispose();
        _program = null;
    }

    /// <summary>SIGTERM, and its end.</summary>
    internal async Task<ProgramResult> StopAsync()
    {
        _program!.Signal("TERM");
        var result = await _program.WaitAsync();
        _program.Dispose();
        _program = null;
        return result;
    }

    internal JsonElement Health()
    {
        var text = ServeClient.Health(new ServicePlaces(_dataDirectory, "main"))
            ?? throw new InvalidOperationException($"no answer\n{_program!.Error}");
        return Vault.Parse(text);
    }

    /// <summary>The most memory that it ever had, bytes.</summary>
    internal long PeakMemory() => _program!.PeakMemory();

    public async ValueTask DisposeAsync()
    {
        if (_program is not null)
        {
            await KillAsync();
        }
    }

    private string Counted(string command) =>
        command.Replace("exec ", $"echo %f >> {_turns}; exec ", StringComparison.Ordinal);
}
