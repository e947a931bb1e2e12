namespace Lifeboat.Postgres.Server;

/// <summary>
/// What the archiver has done since its counters were reset: pg_stat_archiver. An archive_command that ends above 125
/// is not counted as a failure.
/// </summary>
public sealed record ArchiverStatus(
    long ArchivedCount,
    string? LastArchived,
    DateTimeOffset? LastArchivedAt,
    long FailedCount,
    string? LastFailed,
    DateTimeOffset? LastFailedAt)
{
    /// <summary>Whether the last thing that the archiver tried failed.</summary>
    public bool IsFailing => LastFailedAt is { } failed && (LastArchivedAt is not { } archived || failed > archived);

    public static Task<ArchiverStatus> ReadAsync(ServerSession session, CancellationToken cancel) =>
        session.SingleAsync(
        "ask the server about its archiver",
        """
        SELECT archived_count, last_archived_wal, last_archived_time, failed_count, last_failed_wal, last_failed_time
        FROM pg_catalog.pg_stat_archiver
        """,
        row => new ArchiverStatus(
            row.GetInt64(0),
            row.IsDBNull(1) ? null : row.GetString(1),
            row.IsDBNull(2) ? null : row.GetFieldValue<DateTimeOffset>(2),
            row.GetInt64(3),
            row.IsDBNull(4) ? null : row.GetString(4),
            row.IsDBNull(5) ? null : row.GetFieldValue<DateTimeOffset>(5)),
        cancel);

    /// <summary>One sentence for a message about WAL that does not arrive.</summary>
    public override string ToString() =>
        IsFailing
            ? $"the archiver fails on {LastFailed} ({FailedCount} failures so far; see the server's log)"
            : LastArchived is null
                ? "the archiver has archived nothing yet"
                : $"the archiver's last was {LastArchived}";
}
