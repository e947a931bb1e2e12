using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Leases;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Locks;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// A full backup of a running server from its files: everything between pg_backup_start and pg_backup_stop, then the
/// WAL that makes it consistent. The order is that of the format: packs, index, map, manifest; killed at any moment, it
/// leaves packs that the next backup finds and uses, and no backup that is not whole.
/// </summary>
public sealed class PhysicalBackup
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(5);

    private readonly PhysicalBackupRequest _request;
    private readonly IActivity _activity;
    private readonly List<string> _warnings = [];
    private readonly DateTimeOffset _start;

    private PhysicalBackup(PhysicalBackupRequest request, IActivity activity)
    {
        _request = request;
        _activity = activity;
        _start = request.Time.GetUtcNow();
    }

    private Cluster Cluster => _request.Cluster;

    /// <exception cref="Platform.Errors.LifeboatException">See the exit codes; nothing is listed then.</exception>
    public static Task<PhysicalBackupReport> RunAsync(
        PhysicalBackupRequest request, IActivity activity, CancellationToken cancellationToken) =>
        new PhysicalBackup(request, activity).RunAsync(cancellationToken);

    private async Task<PhysicalBackupReport> RunAsync(CancellationToken cancellationToken)
    {
        // Nothing is relied on that is not locked for long enough.
        await LockRenewal.EnsureAsync(Cluster, cancellationToken);
        var session = await ServerSession.OpenAsync(_request.Connection, cancellationToken);
        ServerSource source;
        BackupSession backup;
        try
        {
            source = await ServerSource.IdentifyAsync(_request, session, cancellationToken);
            await WalHold.TakeIfNeededAsync(
                session, source.Server, $"lifeboat_{Id128.NewRandom()}", _warnings, cancellationToken);
            _activity.Say("waiting for the server's checkpoint");
            backup = await BackupSession.StartAsync(
                session, $"lifeboat {Cluster.Name}", !_request.SpreadCheckpoint, cancellationToken);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }

        await using (backup)
        {
            if (!source.Server.InRecovery)
            {
                await SourceClaim.RequireAsync(_request, source, cancellationToken);
            }

            await using var writer = await WriterSession.BeginAsync(Cluster, cancellationToken);
            var manifest = await KeptLease.RunAsync(
                writer.Lease, stopping => WriteAsync(source, backup, writer, stopping), cancellationToken);
            return new PhysicalBackupReport(manifest, _request.Time.GetUtcNow() - _start);
        }
    }

    private async Task<BackupManifest> WriteAsync(
        ServerSource source, BackupSession backup, WriterSession writer, CancellationToken cancellationToken)
    {
        var copied = await CopyAsync(source, backup, writer, cancellationToken);
        var catalog = await CatalogLines.ReadAsync(_request.Connection, _warnings, cancellationToken);
        var stop = await backup.StopAsync(cancellationToken);
        return await new BackupCompletion(_request, source, writer, _activity, _warnings).RunAsync(
            _start, backup.StartLsn, stop, copied, catalog, cancellationToken);
    }

    /// <summary>
    /// Copies as long as the server lives: without its backup mode what is read further is worth nothing.
    /// </summary>
    private async Task<CopiedFiles> CopyAsync(
        ServerSource source, BackupSession backup, WriterSession writer, CancellationToken cancellationToken)
    {
        using var oneAtATime = new SemaphoreSlim(1, 1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var copying = new DataDirectoryCopy(_request, source, writer, _activity, _warnings).RunAsync(
            backup.StartLsn, cancel => WalPositionAsync(backup, oneAtATime, cancel), stop.Token);
        var watching = WatchAsync(backup, oneAtATime, ended.Token, cancellationToken);
        try
        {
            if (await Task.WhenAny(copying, watching) == watching)
            {
                await stop.CancelAsync();
            }

            return await copying;
        }
        catch (OperationCanceledException) when (watching.IsFaulted)
        {
            await watching;
            throw;
        }
        finally
        {
            await ended.CancelAsync();

            // The session is used again, so that a question under way is not cut off.
            await Task.WhenAny(watching);
        }
    }

    private async Task WatchAsync(
        BackupSession backup, SemaphoreSlim oneAtATime, CancellationToken ended, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await Task.Delay(BetweenLooks, _request.Time, ended);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await WalPositionAsync(backup, oneAtATime, cancellationToken);
        }
    }

    private static async Task<Lsn> WalPositionAsync(
        BackupSession backup, SemaphoreSlim oneAtATime, CancellationToken cancellationToken)
    {
        await oneAtATime.WaitAsync(cancellationToken);
        try
        {
            return await backup.WalPositionAsync(cancellationToken);
        }
        finally
        {
            oneAtATime.Release();
        }
    }
}
