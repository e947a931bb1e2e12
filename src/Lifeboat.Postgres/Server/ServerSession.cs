using Lifeboat.Platform.Errors;
using Npgsql;

namespace Lifeboat.Postgres.Server;

/// <summary>
/// One connection to a server, prepared so that nothing in the server's configuration or search path changes what our
/// statements mean or ends them early. One call at a time. Every failure is a <see cref="LifeboatException"/>:
/// ServerUnavailable, Denied, NotFound (the database), Mismatch (the version), Failed.
/// </summary>
public sealed class ServerSession : IAsyncDisposable
{
    /// <summary>The majors that Lifeboat knows how to back up.</summary>
    public const int OldestMajor = 13;
    public const int NewestMajor = 18;

    // Statements here lock nothing for long; a lock that does not come means a stuck session somewhere else.
    private const string LockTimeout = "30s";

    private readonly NpgsqlDataSource _source;

    private ServerSession(
        NpgsqlDataSource source, NpgsqlConnection connection, ServerAddress address, ConnInfo connInfo)
    {
        _source = source;
        Connection = connection;
        Address = address;
        ConnInfo = connInfo;
        Subject = $"user={connInfo.User} dbname={connInfo.Database} at {address}";
    }

    /// <summary>server_version_num: 150018 is 15.18.</summary>
    public int VersionNumber { get; private set; }

    public int Major => VersionNumber / 10000;

    public ServerAddress Address { get; }

    public ConnInfo ConnInfo { get; }

    /// <summary>Process id of the session's backend.</summary>
    public int BackendProcessId => Connection.ProcessID;

    /// <summary>For COPY and for statements of the user's; its errors are Npgsql's own.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>User, database and address, for messages.</summary>
    internal string Subject { get; }

    /// <summary>
    /// Connects to the first address that answers and is of the kind asked for. When none is, the failure is that of
    /// the last one that was tried, except that a refusal of the user ends the search, as in libpq.
    /// </summary>
    public static Task<ServerSession> OpenAsync(ConnInfo connInfo, CancellationToken cancel)
    {
        const string Operation = "connect to the server";
        return TargetSessions.FirstAsync(connInfo, async (candidate, wanted) =>
        {
            var session = await ConnectAsync(candidate, connInfo, Operation, cancel);
            if (await session.IsAsync(wanted, Operation, cancel))
            {
                return session;
            }

            await session.DisposeAsync();
            throw TargetSessions.Unsuitable(wanted, Operation, session.Subject);
        });
    }

    /// <summary>Rows of a query, all of them; parameters are $1, $2, …</summary>
    public async Task<List<T>> QueryAsync<T>(
        string operation,
        string sql,
        Func<NpgsqlDataReader, T> row,
        CancellationToken cancel,
        params object[] parameters)
    {
        try
        {
            await using var command = Command(sql, parameters);
            await using var reader = await command.ExecuteReaderAsync(cancel);
            var rows = new List<T>();
            while (await reader.ReadAsync(cancel))
            {
                rows.Add(row(reader));
            }

            return rows;
        }
        catch (Exception error) when (ServerErrors.IsOne(error))
        {
            throw ServerErrors.Of(error, operation, Subject);
        }
    }

    /// <summary>The only row of a query that always has one.</summary>
    public async Task<T> SingleAsync<T>(
        string operation,
        string sql,
        Func<NpgsqlDataReader, T> row,
        CancellationToken cancel,
        params object[] parameters)
    {
        var rows = await QueryAsync(operation, sql, row, cancel, parameters);
        return rows.Count == 1
            ? rows[0]
            : throw new LifeboatException(new Failure(
                ErrorCode.Failed, operation, Subject, $"the server gave {rows.Count} rows where one belongs"));
    }

    /// <summary>Rows as they come, for results too large to keep. The session is taken until the last one.</summary>
    public async IAsyncEnumerable<T> StreamAsync<T>(
        string operation,
        string sql,
        Func<NpgsqlDataReader, T> row,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await using var command = Command(sql, []);
        NpgsqlDataReader reader;
        try
        {
            reader = await command.ExecuteReaderAsync(cancel);
        }
        catch (Exception error) when (ServerErrors.IsOne(error))
        {
            throw ServerErrors.Of(error, operation, Subject);
        }

        await using (reader)
        {
            while (true)
            {
                T value;
                try
                {
                    if (!await reader.ReadAsync(cancel))
                    {
                        yield break;
                    }

                    value = row(reader);
                }
                catch (Exception error) when (ServerErrors.IsOne(error))
                {
                    throw ServerErrors.Of(error, operation, Subject);
                }

                yield return value;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Connection.DisposeAsync();
        }
        catch (Exception error) when (ServerErrors.IsOne(error))
        {
            // It is closed one way or another; the call before has reported what was lost.
        }

        await _source.DisposeAsync();
    }

    private static async Task<ServerSession> ConnectAsync(
        ConnectionCandidate candidate, ConnInfo connInfo, string operation, CancellationToken cancel)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(candidate.Settings.ConnectionString);
        builder.EnableTransportSecurity();
        builder.EnableIntegratedSecurity();
        // The types that are used are built in; loading the others costs a large query at each connect.
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        var source = builder.Build();
        var session = new ServerSession(source, source.CreateConnection(), candidate.Address, connInfo);
        try
        {
            await session.Connection.OpenAsync(cancel);
            await session.PrepareAsync(operation, cancel);
            return session;
        }
        catch (Exception error)
        {
            await session.DisposeAsync();
            if (ServerErrors.IsOne(error))
            {
                throw ServerErrors.Of(error, operation, session.Subject);
            }

            throw;
        }
    }

    internal static LifeboatException UnknownMajor(int major, string operation, string subject) => new(new Failure(
        ErrorCode.Mismatch,
        operation,
        subject,
        $"the server is PostgreSQL {major}",
        Hint: $"Lifeboat works with PostgreSQL {OldestMajor} to {NewestMajor}."));

    private async Task PrepareAsync(string operation, CancellationToken cancel)
    {
        VersionNumber = await SingleAsync(
            operation, "SELECT pg_catalog.current_setting('server_version_num')::int4", row => row.GetInt32(0), cancel);
        if (Major is < OldestMajor or > NewestMajor)
        {
            throw UnknownMajor(Major, operation, Subject);
        }

        List<(string Name, string Value)> settings =
        [
            ("search_path", ""), ("statement_timeout", "0"), ("lock_timeout", LockTimeout),
            ("idle_in_transaction_session_timeout", "0"), ("DateStyle", "ISO"), ("client_min_messages", "warning"),
        ];
        if (Major >= 14)
        {
            settings.Add(("idle_session_timeout", "0"));
        }

        if (Major >= 17)
        {
            settings.Add(("transaction_timeout", "0"));
        }

        var calls = settings.Select(s => $"pg_catalog.set_config('{s.Name}', '{s.Value}', false)");
        await QueryAsync(operation, $"SELECT {string.Join(", ", calls)}", _ => true, cancel);
    }

    private async Task<bool> IsAsync(TargetSession wanted, string operation, CancellationToken cancel)
    {
        if (wanted == TargetSession.Any)
        {
            return true;
        }

        var (recovering, readOnly) = await SingleAsync(
            operation,
            "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')",
            row => (row.GetBoolean(0), row.GetString(1) == "on"),
            cancel);
        return wanted.Admits(readOnly, recovering);
    }

    private NpgsqlCommand Command(string sql, object[] parameters)
    {
        var command = new NpgsqlCommand(sql, Connection);
        foreach (var value in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}
