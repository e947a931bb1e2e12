namespace Lifeboat.Testing.Servers;

public sealed partial class PostgresServer
{
    /// <summary>
    /// Makes a streaming standby by <c>pg_basebackup</c> in a data directory that does not exist yet, with the same
    /// options, and starts it.
    /// </summary>
    public async Task<PostgresServer> StartStandbyAsync(string dataDirectory)
    {
        (await RunAsync(
            "pg_basebackup", "-D", dataDirectory, "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"))
            .Expect();
        var standby = Over(Major, dataDirectory, Options);
        try
        {
            await standby.StartAsync();
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    /// <summary>Promotes a standby and waits until it takes writes.</summary>
    public async Task PromoteAsync()
    {
        await ExecuteAsync("SELECT pg_promote()");
        await WaitUntilPromotedAsync();
    }
}
