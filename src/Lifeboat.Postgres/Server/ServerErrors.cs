using System.Net.Sockets;
using Lifeboat.Platform.Errors;
using Npgsql;

namespace Lifeboat.Postgres.Server;

/// <summary>
/// Turns what Npgsql throws into failures that say what to do. Codes are those of PostgreSQL's "Error Codes" appendix.
/// The server's message is kept; its detail, which may show row values, is not.
/// </summary>
internal static class ServerErrors
{
    private const string RightsHint =
        "Use a superuser, or give the role what it lacks: GRANT pg_read_all_settings TO …; ALTER ROLE … REPLICATION;"
        + " and GRANT EXECUTE ON FUNCTION for the function that the message names (pg_backup_start and pg_backup_stop,"
        + " up to PostgreSQL 14 pg_start_backup and pg_stop_backup; pg_switch_wal; pg_create_restore_point).";

    /// <summary>Whether this is an error of the server or the way to it, and not a fault in this program.</summary>
    public static bool IsOne(Exception error) => error is NpgsqlException or SocketException or IOException
        or TimeoutException or System.Security.Authentication.AuthenticationException or ObjectDisposedException
        or InvalidOperationException;

    public static LifeboatException Of(Exception error, string operation, string subject) =>
        new(Describe(error, operation, subject), error);

    private static Failure Describe(Exception error, string operation, string subject) => error switch
    {
        PostgresException server => OfServer(server, operation, subject),
        NpgsqlException { InnerException: TimeoutException } or TimeoutException => Unreachable(
            operation, subject, "the server did not answer in time"),
        { InnerException: SocketException socket } => Unreachable(operation, subject, Describe(socket)),
        NpgsqlException { InnerException: System.Security.Authentication.AuthenticationException tls } =>
            Untrusted(operation, subject, tls.Message),
        System.Security.Authentication.AuthenticationException tls => Untrusted(operation, subject, tls.Message),
        NpgsqlException { InnerException: null } client
            when client.Message.Contains("password", StringComparison.Ordinal) => new Failure(
                ErrorCode.Denied,
                operation,
                subject,
                "the server asks for a password and none was found",
                Hint: "Put it into ~/.pgpass (mode 0600) or PGPASSWORD."),
        _ => Unreachable(operation, subject, "the session with the server was lost: " + error.Message),
    };

    /// <summary>What the system says of a socket file that is not there, .NET calls an address that cannot be assigned.</summary>
    private static string Describe(SocketException socket) => socket.SocketErrorCode == SocketError.AddressNotAvailable
        ? "no server listens there (there is no such socket)"
        : socket.Message;

    private static Failure OfServer(PostgresException error, string operation, string subject)
    {
        var (code, transient, hint) = error.SqlState switch
        {
            "28P01" or "28000" => (ErrorCode.Denied, false,
                "Check user and password (~/.pgpass, PGPASSWORD) and the rules in the server's pg_hba.conf."),
            "42501" => (ErrorCode.Denied, false, RightsHint),
            "3D000" => (ErrorCode.NotFound, false,
                "Give a database that exists; every cluster has postgres and template1."),
            "53300" => (ErrorCode.ServerUnavailable, true,
                "All connections are taken: raise max_connections or superuser_reserved_connections, or try later."),
            "57P03" => (ErrorCode.ServerUnavailable, true,
                "The server is starting, stopping or recovering: try again soon."),
            "57P01" or "57P02" or "57P05" => (ErrorCode.ServerUnavailable, true,
                "The server ended the session; see its log, then run the same command again."),
            "55P03" => (ErrorCode.Failed, true, "Another session holds the lock; try again when it has ended."),
            "57014" => (ErrorCode.Failed, true, "Something cancelled the statement; see the server's log."),
            ['0', '8', ..] => (ErrorCode.ServerUnavailable, true, "Check the network between here and the server."),
            ['5', '3', ..] => (ErrorCode.ServerUnavailable, true, "The server is short of a resource; see its log."),
            ['X', 'X', ..] => (ErrorCode.Damaged, false,
                "The server found damaged data or a fault of its own; see its log before anything else."),
            _ => (ErrorCode.Failed, false, "See the server's log."),
        };
        var cause = $"{error.MessageText} (SQLSTATE {error.SqlState})";
        return new Failure(code, operation, subject, cause, transient, hint);
    }

    private static Failure Unreachable(string operation, string subject, string cause) => new(
        ErrorCode.ServerUnavailable,
        operation,
        subject,
        cause,
        Transient: true,
        "Check that the server runs, and its host, port or socket folder (PGHOST, PGPORT, listen_addresses).");

    private static Failure Untrusted(string operation, string subject, string cause) => new(
        ErrorCode.Denied,
        operation,
        subject,
        "the server's certificate was not accepted: " + cause,
        Hint: "Check sslrootcert, and that the certificate is for the host's name (sslmode=verify-full).");
}
