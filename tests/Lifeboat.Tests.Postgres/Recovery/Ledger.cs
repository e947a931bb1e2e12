using System.Globalization;
using Lifeboat.Testing.Servers;
using Npgsql;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>
/// Clients that each append rows with their own transaction's number: committed at once, rolled back, in a
/// subtransaction, or prepared and committed later.
/// </summary>
internal static class Ledger
{
    internal static Task CreateAsync(PostgresServer server) =>
        server.ExecuteAsync("CREATE TABLE ledger(client int, seq int, xid bigint DEFAULT txid_current())");

    /// <summary>Appends until it is told to stop.</summary>
    internal static Task WriteAsync(PostgresServer server, int clients, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, clients).Select(client => ClientAsync(server, client, cancellationToken)));

    /// <summary>The transactions whose rows are visible.</summary>
    internal static async Task<HashSet<uint>> VisibleAsync(PostgresServer server)
    {
        await using var connection = await server.ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT xid FROM ledger", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var visible = new HashSet<uint>();
        while (await reader.ReadAsync())
        {
            visible.Add((uint)reader.GetInt64(0));
        }

        return visible;
    }

    private static async Task ClientAsync(PostgresServer server, int client, CancellationToken cancellationToken)
    {
        await using var connection = await server.ConnectAsync();
        for (var seq = 0; !cancellationToken.IsCancellationRequested; seq++)
        {
            var insert = string.Create(
                CultureInfo.InvariantCulture, $"INSERT INTO ledger(client, seq) VALUES ({client}, {seq})");
            var name = string.Create(CultureInfo.InvariantCulture, $"p{client}-{seq}");
            string[] statements = (seq % 8) switch
            {
                3 => ["BEGIN", insert, "ROLLBACK"],
                5 => ["BEGIN", insert, "SAVEPOINT s", insert, "RELEASE s", "COMMIT"],
                6 => ["BEGIN", insert, $"PREPARE TRANSACTION '{name}'", $"COMMIT PREPARED '{name}'"],
                _ => [insert],
            };
            foreach (var statement in statements)
            {
                await using var command = new NpgsqlCommand(statement, connection);
                await command.ExecuteNonQueryAsync(CancellationToken.None);
            }

            await Task.Delay(2, CancellationToken.None);
        }
    }
}
