using Lifeboat.Engine.Files;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>What must hold at the end of a backup of a standby, whose WAL another server writes and archives.</summary>
internal static class StandbyEnd
{
    /// <summary>
    /// The end of such a backup is minRecoveryPoint, on the timeline that was followed by then: WAL of one timeline leads there
    /// only when it is the one on which the backup starts.
    /// </summary>
    /// <exception cref="LifeboatException">Conflict: the primary was promoted meanwhile.</exception>
    internal static async Task RequireTimelineAsync(
        PhysicalBackupRequest request, ServerSource source, Timeline start, CancellationToken cancellationToken)
    {
        var control = await ServerDirectory.ReadControlAsync(
            request.Files, source.Directory, request.Time, cancellationToken);
        if (control.MinRecoveryPointTimeline is { } end && end != start)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Conflict,
                "stop the backup",
                PosixPath.Display(source.Directory),
                $"the standby went from timeline {start} to {end} since the checkpoint at which the backup starts",
                Transient: true,
                Hint: "Run the backup again behind the standby's next restart point: 'CHECKPOINT' on the new primary, then on the "
                    + "standby. What was copied is kept and not stored twice."));
        }
    }

    /// <summary>
    /// What is archived must be what the standby replayed, up to where the backup ends: behind that it may not have received
    /// the rest of the segment yet.
    /// </summary>
    /// <exception cref="LifeboatException">Conflict: another server archives under these names.</exception>
    internal static async Task RequireSameAsync(
        PhysicalBackupRequest request,
        ServerSource source,
        WalSegmentName last,
        Lsn stop,
        CancellationToken cancellationToken)
    {
        byte[] own;
        try
        {
            var path = PosixPath.Combine(PosixPath.Combine(source.Directory, "pg_wal"), last.ToString());
            own = WholeFile.Read(request.Files, path, last.Size.Bytes);
        }
        catch (FileSystemException removed) when (removed.IsMissing)
        {
            // Replayed from the archive, or recycled since.
            return;
        }

        var found = await WalStore.FindAsync(request.Cluster, source.Lineage.Id, last.ToString(), cancellationToken);
        if (found.Count != 1)
        {
            throw WalStore.Conflict(last.ToString(), found);
        }

        var (archived, _) = await WalStore.ReadAsync(request.Cluster, found[0], cancellationToken);
        var length = (int)Math.Min((ulong)own.Length, stop.Value - last.Start.Value);
        if (!own.AsSpan(0, length).SequenceEqual(archived.AsSpan(0, Math.Min(length, archived.Length))))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Conflict,
                "compare the WAL of the backup",
                last.ToString(),
                "what is archived under this name is not what this standby replayed",
                Hint: "Another server than its primary archives into this lineage. A copy gets one of its own by "
                    + "'lifeboat adopt --as-new --cluster-dir DIR'."));
        }
    }
}
