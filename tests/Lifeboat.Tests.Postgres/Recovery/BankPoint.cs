using System.Globalization;
using Lifeboat.Testing.Servers;
using Npgsql;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>One moment of a working bank, by all the names that a recovery knows it by.</summary>
/// <param name="LeastTransactions">Committed before it, for certain.</param>
/// <param name="MostTransactions">Committed before it, at most.</param>
internal sealed record BankPoint(
    string Time, string Lsn, string Xid, string Name, long LeastTransactions, long MostTransactions)
{
    internal bool IsCalled(string target) => target == Time || target == Lsn || target == Xid || target == Name;

    internal static async Task<BankPoint> TakeAsync(PostgresServer server, int number)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"point {number}");
        await using var connection = await server.ConnectAsync();
        var least = await ScalarAsync<long>(connection, "SELECT count(*) FROM pgbench_history");
        var lsn = await ScalarAsync<string>(connection, $"SELECT pg_create_restore_point('{name}')::text");
        var time = await ScalarAsync<string>(
            connection, "SELECT to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.US+00')");
        var xid = await ScalarAsync<string>(connection, "CREATE TABLE IF NOT EXISTS mark(at int);"
            + " INSERT INTO mark VALUES (1); SELECT txid_current()::text");
        var most = await ScalarAsync<long>(connection, "SELECT count(*) FROM pgbench_history");
        return new BankPoint(time, lsn, xid, name, least, most);
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (!await reader.ReadAsync())
        {
            // The statements before it have no rows.
            await reader.NextResultAsync();
        }

        return reader.GetFieldValue<T>(0);
    }
}
