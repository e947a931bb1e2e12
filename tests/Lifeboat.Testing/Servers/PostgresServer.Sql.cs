using Npgsql;

namespace Lifeboat.Testing.Servers;

public sealed partial class PostgresServer
{
    /// <summary>A connection string for Npgsql over TCP, without a pool: a killed server leaves nothing
    /// stale.</summary>
    public string ConnectionString(string database = "postgres", string user = "postgres") =>
        new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = Port,
            Username = user,
            Database = database,
            Pooling = false,
            SslMode = SslMode.Disable,
            CommandTimeout = 600,
            Timeout = 120,
            IncludeErrorDetail = true,
        }.ConnectionString;

    /// <summary>The same for libpq's programs and for Lifeboat: keywords and values over the unix socket.</summary>
    public string ConnInfo(string database = "postgres", string user = "postgres") =>
        $"host={SocketFolder} port={Port} user={user} dbname={database}";

    public async Task<NpgsqlConnection> ConnectAsync(string database = "postgres", string user = "postgres")
    {
        var connection = new NpgsqlConnection(ConnectionString(database, user));
        try
        {
            await connection.OpenAsync();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Runs SQL on a connection of its own. Several statements in one text run in one transaction; give commands that
    /// refuse one (CREATE DATABASE, VACUUM) alone.
    /// </summary>
    public async Task ExecuteAsync(string sql, string database = "postgres")
    {
        await using var connection = await ConnectAsync(database);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of the first row; fails when there is none or when it is NULL.</summary>
    public async Task<T> ScalarAsync<T>(string sql, string database = "postgres")
    {
        await using var connection = await ConnectAsync(database);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() is T value
            ? value
            : throw new InvalidOperationException($"no {typeof(T).Name} came back from {sql}");
    }
}
