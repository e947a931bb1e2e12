namespace Lifeboat.Testing.Servers;

public sealed partial class PostgresServer
{
    /// <summary>Runs a client tool of the server's own major against it, as the user postgres.</summary>
    public Task<ProgramResult> RunAsync(string tool, params IReadOnlyList<string> arguments) =>
        RunningProgram.RunAsync(ClientTool(tool, arguments));

    /// <summary>Makes pgbench's tables: 100 000 accounts, about 15 MB, for each unit of scale.</summary>
    public async Task PgbenchInitAsync(int scale, string database = "postgres") =>
        (await RunAsync("pgbench", "--initialize", "--quiet", "--scale", Text(scale), database)).Expect();

    /// <summary>Runs pgbench's own transaction for this many seconds.</summary>
    public async Task PgbenchRunAsync(int clients, int seconds, string database = "postgres") =>
        (await RunAsync("pgbench", "--no-vacuum", "--client", Text(clients), "--time", Text(seconds), database))
        .Expect();

    /// <summary>Runs an exact number of pgbench's transactions per client.</summary>
    public async Task PgbenchTransactionsAsync(int clients, int transactions, string database = "postgres") =>
        (await RunAsync(
            "pgbench", "--no-vacuum", "--client", Text(clients), "--transactions", Text(transactions), database))
        .Expect();

    /// <summary>Starts pgbench and lets it run beside the test; end it by <see
    /// cref="RunningProgram.KillAsync"/>.</summary>
    public RunningProgram PgbenchStart(int clients, int seconds = 170, string database = "postgres") =>
        RunningProgram.Start(ClientTool(
            "pgbench", ["--no-vacuum", "--client", Text(clients), "--time", Text(seconds), database]));

    /// <summary>A client tool of the server's own major, to be started by whoever wants to end it.</summary>
    public ProgramStart ClientTool(string tool, params IReadOnlyList<string> arguments) =>
        new(Installation.Tool(tool), arguments)
        {
            AsPostgres = true,
            Environment = new Dictionary<string, string?>
            {
                ["PGHOST"] = SocketFolder,
                ["PGPORT"] = Text(Port),
                ["PGUSER"] = "postgres",
            },
        };
}
