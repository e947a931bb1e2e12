using System.Text.Json;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;

namespace Lifeboat.Tests.Postgres.Receive;

/// <summary>A receiver that runs as a program of its own, as on another host: it sees the server's address and nothing else.</summary>
internal sealed class Receiver : IDisposable
{
    private readonly RunningProgram _program;

    private Receiver(RunningProgram program) => _program = program;

    internal bool HasExited => _program.HasExited;

    internal static Receiver Start(Vault vault, string connection, params IReadOnlyList<string> more) =>
        new(RunningProgram.Start(vault.Command(
            ["wal", "receive", "--create-slot", "--connection", connection, "--output", "json", .. more])));

    /// <summary>Starts one and waits until it streams.</summary>
    internal static async Task<Receiver> StreamingAsync(
        Vault vault, string connection, params IReadOnlyList<string> more)
    {
        var receiver = Start(vault, connection, more);
        await receiver._program.WaitForTextAsync("\"event\":\"streaming\"");
        return receiver;
    }

    /// <summary>What it told so far, of one kind.</summary>
    internal IReadOnlyList<JsonElement> Events(string kind) =>
    [
        .. _program.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line.EndsWith('}')).Select(Vault.Parse).Where(line => line.Text("event") == kind),
    ];

    internal Task WaitForTextAsync(string text) => _program.WaitForTextAsync(text);

    internal Task KillAsync() => _program.KillAsync();

    /// <summary>Tells it to end; it must do so in order, with everything durable.</summary>
    internal async Task StopAsync()
    {
        _program.Signal("TERM");
        (await _program.WaitAsync()).Expect();
    }

    /// <summary>Waits until it has ended by itself.</summary>
    internal Task<ProgramResult> EndedAsync() => _program.WaitAsync();

    public void Dispose() => _program.Dispose();
}

internal static class Received
{
    /// <summary>
    /// Waits until the receiver has acknowledged all that the server has written by now, and returns that position.
    /// </summary>
    internal static async Task<string> ReceivedAllAsync(this PostgresServer server, string receiver = "lifeboat")
    {
        var end = await server.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await server.WaitUntilAsync(
            $"received up to {end}",
            $"SELECT coalesce(max(flush_lsn) >= '{end}', false) FROM pg_stat_replication WHERE application_name = '{receiver}'");
        return end;
    }
}
