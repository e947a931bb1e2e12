using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Npgsql;

namespace Lifeboat.Postgres.Server;

/// <summary>What the end of a backup gave.</summary>
/// <param name="StopLsn">The backup is consistent once WAL up to here is replayed.</param>
/// <param name="BackupLabel">The bytes of the file backup_label, which must be in the restored data directory.</param>
/// <param name="TablespaceMap">The bytes of the file tablespace_map; empty means that no such file is written.</param>
public sealed record BackupStop(Lsn StopLsn, ReadOnlyMemory<byte> BackupLabel, ReadOnlyMemory<byte> TablespaceMap)
{
    public string BackupLabelText => PosixPath.Decode(BackupLabel.Span);

    public string TablespaceMapText => PosixPath.Decode(TablespaceMap.Span);
}

/// <summary>
/// A server in backup mode, from the start of a non-exclusive backup to its stop. The mode belongs to the session: when
/// that ends in any other way than <see cref="StopAsync"/>, the server has ended the backup too and nothing is left
/// behind.
/// </summary>
public sealed class BackupSession : IAsyncDisposable
{
    private readonly ServerSession _session;
    private bool _stopped;

    private BackupSession(ServerSession session, Lsn startLsn)
    {
        _session = session;
        StartLsn = startLsn;
    }

    /// <summary>The redo position of the backup's checkpoint: replay begins here.</summary>
    public Lsn StartLsn { get; }

    /// <summary>
    /// Starts a backup and takes the session over: it must not be used for anything else, and is closed with this.
    /// Waits for the checkpoint.
    /// </summary>
    /// <param name="label">At most 1023 bytes; it ends up in backup_label.</param>
    /// <param name="fast">A checkpoint at once, instead of one spread over checkpoint_completion_target.</param>
    public static async Task<BackupSession> StartAsync(
        ServerSession session, string label, bool fast, CancellationToken cancel)
    {
        var sql = session.Major >= 15
            ? "SELECT pg_catalog.pg_backup_start($1, $2)::text"
            : "SELECT pg_catalog.pg_start_backup($1, $2, false)::text";
        try
        {
            var start = await session.SingleAsync(
                "start the backup", sql, row => Lsn.Parse(row.GetString(0)), cancel, label, fast);
            return new BackupSession(session, start);
        }
        catch
        {
            // A cancelled start may still have reached the server; the end of the session takes it back.
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Where WAL is inserted now, or replayed to on a standby: a page with a later LSN than this, read before, is
    /// damaged.
    /// </summary>
    /// <exception cref="LifeboatException">ServerUnavailable: the session is gone, and the backup with it.</exception>
    public Task<Lsn> WalPositionAsync(CancellationToken cancel) => GuardAsync(() =>
        WalPosition.ReachedAsync(_session, cancel));

    /// <summary>Fails when the session, and so the backup, is lost; worth a call now and then in a long
    /// backup.</summary>
    public Task CheckAliveAsync(CancellationToken cancel) => WalPositionAsync(cancel);

    /// <summary>
    /// Ends the backup without waiting for the archiver: whoever needs the WAL waits for it in the repository. A backup
    /// on a standby that was promoted meanwhile fails here.
    /// </summary>
    public async Task<BackupStop> StopAsync(CancellationToken cancel)
    {
        // As bytes in the database's own encoding, which is what the server would have written to the files.
        var sql = "SELECT lsn::text,"
            + " pg_catalog.convert_to(labelfile, pg_catalog.getdatabaseencoding()),"
            + " pg_catalog.convert_to(coalesce(spcmapfile, ''), pg_catalog.getdatabaseencoding()) FROM "
            + (_session.Major >= 15 ? "pg_catalog.pg_backup_stop(false)" : "pg_catalog.pg_stop_backup(false, false)");
        var stop = await GuardAsync(() => _session.SingleAsync(
            "stop the backup",
            sql,
            row => new BackupStop(
                Lsn.Parse(row.GetString(0)), row.GetFieldValue<byte[]>(1), row.GetFieldValue<byte[]>(2)),
            cancel));
        _stopped = true;
        return stop;
    }

    /// <summary>Closes the session; without a stop before, the server forgets the backup.</summary>
    public ValueTask DisposeAsync() => _session.DisposeAsync();

    private async Task<T> GuardAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (LifeboatException error) when (error.Code == ErrorCode.ServerUnavailable && !_stopped)
        {
            throw new LifeboatException(
                error.Failure with
                {
                    Cause = "the session that holds the backup is gone, and with it the backup: " + error.Failure.Cause,
                    Hint = "See the server's log for why the session ended, then run the backup again:"
                        + " what was stored is reused.",
                },
                error.InnerException as NpgsqlException ?? (Exception)error);
        }
    }
}
