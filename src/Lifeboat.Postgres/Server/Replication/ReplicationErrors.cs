using Lifeboat.Platform.Errors;
using Npgsql;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>
/// Failures that mean something of their own on a replication connection; all others are as everywhere.
/// </summary>
internal static class ReplicationErrors
{
    internal const string DuplicateObject = "42710";

    private const string UndefinedObject = "42704";
    private const string ObjectInUse = "55006";
    private const string NotInPrerequisiteState = "55000";
    private const string UndefinedFile = "58P01";
    private const string InsufficientPrivilege = "42501";
    private const string NoRule = "28000";
    private const string TooManyConnections = "53300";

    internal static LifeboatException Of(Exception error, string operation, string subject)
    {
        if (error is not PostgresException server)
        {
            return error is NpgsqlException && EndsInOrder(error.Message)
                ? new LifeboatException(
                    new Failure(
                        ErrorCode.ServerUnavailable,
                        operation,
                        subject,
                        "the server ended the stream: it stops, or its timeline has ended",
                        Transient: true,
                        "The stream is begun again, on the timeline that the server is on then."),
                    error)
                : ServerErrors.Of(error, operation, subject);
        }

        var cause = $"{server.MessageText} (SQLSTATE {server.SqlState})";
        Failure? known = server.SqlState switch
        {
            UndefinedObject => new Failure(
                ErrorCode.NotFound,
                operation,
                subject,
                cause,
                Hint: "Create the slot with --create-slot; after a failover the new primary has none unless it was made "
                    + "there too."),
            ObjectInUse => new Failure(
                ErrorCode.ServerUnavailable,
                operation,
                subject,
                cause,
                Transient: true,
                "Another receiver uses the slot, or the server has not noticed yet that one is gone "
                + "(wal_sender_timeout)."),
            UndefinedFile => new Failure(
                ErrorCode.WalMissing,
                operation,
                subject,
                cause,
                Hint: "The server has removed WAL that is not archived. Archive it from elsewhere ('lifeboat wal push' of a "
                    + "standby's copy), or go on behind the gap with --skip-missing and take a new backup."),
            NotInPrerequisiteState => new Failure(
                ErrorCode.Failed,
                operation,
                subject,
                cause,
                Hint: "The slot cannot be used any more: it held more WAL than max_slot_wal_keep_size allows. Remove it "
                    + "with --drop-slot, and begin again with --create-slot; --skip-missing goes on behind what is lost."),
            InsufficientPrivilege => new Failure(
                ErrorCode.Denied,
                operation,
                subject,
                cause,
                Hint: "Give the role the right: ALTER ROLE … REPLICATION."),
            NoRule => new Failure(
                ErrorCode.Denied,
                operation,
                subject,
                cause,
                Hint: "The role must exist and have LOGIN, and replication needs a rule of its own in the server's pg_hba.conf, "
                    + "'all' does not stand for it: "
                    + "'hostssl replication ROLE ADDRESS scram-sha-256', then SELECT pg_reload_conf()."),
            TooManyConnections => new Failure(
                ErrorCode.ServerUnavailable,
                operation,
                subject,
                cause,
                Transient: true,
                "All of max_wal_senders or max_connections are taken (pg_stat_replication shows by whom): end one, or raise "
                + "the setting, which needs a restart."),
            _ => null,
        };
        return known is null ? ServerErrors.Of(error, operation, subject) : new LifeboatException(known, error);
    }

    // Npgsql names the message that it did not expect. Only the words of ours hang on it.
    private static bool EndsInOrder(string message) =>
        message.Contains("CopyDone", StringComparison.Ordinal)
        || message.Contains("CompletedResponse", StringComparison.Ordinal)
        || message.Contains("CommandComplete", StringComparison.Ordinal);
}
