using Npgsql;

namespace Lifeboat.Testing.Servers;

/// <summary>
/// pgbench as a bank: each transaction adds one amount to an account, a teller, a branch and the history, so that the
/// four sums are equal at every point between two commits and at no point within one.
/// </summary>
/// <param name="Balance">The sum.</param>
/// <param name="Transactions">Rows of the history.</param>
public sealed record PgbenchBank(long Balance, long Transactions)
{
    /// <summary>Fails when the sums differ.</summary>
    public static async Task<PgbenchBank> CheckAsync(NpgsqlConnection connection)
    {
        const string Sums = """
            SELECT (SELECT coalesce(sum(abalance), 0)::bigint FROM pgbench_accounts),
                   (SELECT coalesce(sum(tbalance), 0)::bigint FROM pgbench_tellers),
                   (SELECT coalesce(sum(bbalance), 0)::bigint FROM pgbench_branches),
                   (SELECT coalesce(sum(delta), 0)::bigint FROM pgbench_history),
                   (SELECT count(*) FROM pgbench_history)
            """;
        await using var command = new NpgsqlCommand(Sums, connection);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var sums = Enumerable.Range(0, 4).Select(reader.GetInt64).ToArray();
        return sums.Distinct().Count() == 1
            ? new PgbenchBank(sums[0], reader.GetInt64(4))
            : throw new InvalidOperationException(
                $"the bank does not add up: accounts {sums[0]}, tellers {sums[1]}, branches {sums[2]},"
                + $" history {sums[3]}");
    }

    public static async Task<PgbenchBank> CheckAsync(PostgresServer server, string database = "postgres")
    {
        await using var connection = await server.ConnectAsync(database);
        return await CheckAsync(connection);
    }
}
