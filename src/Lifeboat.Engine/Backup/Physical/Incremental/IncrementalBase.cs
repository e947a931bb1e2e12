using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal.Summaries;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Collect;

namespace Lifeboat.Engine.Backup.Physical.Incremental;

/// <summary>What a backup is laid over.</summary>
/// <param name="Parent">An earlier backup of the same server; null when everything is stored anew.</param>
/// <param name="Changes">What changed since its start; null when that is not known, so that all is read and compared.</param>
/// <param name="FallbackReason">Why it is not as was asked for; null when it is. A sentence fragment.</param>
internal sealed record IncrementalBase(BackupManifest? Parent, WalChanges? Changes, string? FallbackReason)
{
    /// <summary>A full backup, as it was asked for.</summary>
    internal static readonly IncrementalBase None = new(null, null, null);

    /// <summary>Of what a server sends: all of it, whatever was asked for.</summary>
    internal static IncrementalBase Streamed(BackupKind kind) => new(
        null, null, kind == BackupKind.Auto ? "over the network the server sends everything" : null) { IsStreamed = true };

    internal string Kind => Parent is null ? BackupKinds.Full : BackupKinds.Incremental;

    /// <summary>The server sent all of it.</summary>
    internal bool IsStreamed { get; init; }

    internal string Method => IsStreamed ? BackupMethods.Stream
        : Parent is null ? BackupMethods.Files
        : Changes is null ? BackupMethods.Tags : BackupMethods.Wal;

    /// <summary>Finds the newest backup that the WAL leads from to this one's start.</summary>
    /// <param name="start">What pg_backup_start answered: everything before is durable in pg_wal or archived.</param>
    internal static async ValueTask<IncrementalBase> FindAsync(
        PhysicalBackupRequest request,
        ServerSource source,
        WriterSession session,
        Lsn start,
        CancellationToken cancellationToken)
    {
        if (request.Kind == BackupKind.Full)
        {
            return None;
        }

        var (backups, _) = await BackupCatalog.ListAsync(request.Cluster, cancellationToken);
        var now = source.Identity(request.Files);
        var fitting = backups
            .Where(backup => backup.Lineage == source.Lineage.Id && session.MayBuildOn(backup) && Fits(backup.Server, now))
            .OrderByDescending(backup => backup.StopTime)
            .ToList();
        if (fitting.Count == 0)
        {
            return new IncrementalBase(null, null, "there is no earlier backup of this server in the repository");
        }

        var control = await ServerDirectory.ReadControlAsync(
            request.Files, source.Directory, request.Time, cancellationToken);
        var why = "";
        foreach (var parent in fitting)
        {
            if (parent.Server.DataChecksums != source.Control.HasDataChecksums)
            {
                why = $"page checksums were switched {(parent.Server.DataChecksums ? "off" : "on")} since backup {parent.Id}";
                break;
            }

            var answer = await ChangesAsync(
                request, source, parent, control.CheckPointCopy.Timeline, start, cancellationToken);
            if (answer is ChangedBlocksAnswer.Known known)
            {
                return new IncrementalBase(parent, known.Changes, null);
            }

            var unknown = (ChangedBlocksAnswer.Unknown)answer;
            why = why.Length > 0 ? why : Text(unknown);
            if (unknown.Reason != ChangesUnknown.NotInHistory)
            {
                why = Text(unknown);
                break;
            }
        }

        return new IncrementalBase(request.Kind == BackupKind.Auto ? null : fitting[0], null, why);
    }

    private static bool Fits(ServerIdentity parent, ServerIdentity now) =>
        parent.SystemIdentifier == now.SystemIdentifier && parent.CatalogVersion == now.CatalogVersion
        && parent.BlockSize == now.BlockSize && parent.RelationSegmentBlocks == now.RelationSegmentBlocks;

    private static ValueTask<ChangedBlocksAnswer> ChangesAsync(
        PhysicalBackupRequest request,
        ServerSource source,
        BackupManifest parent,
        Timeline timeline,
        Lsn start,
        CancellationToken cancellationToken) =>
        ChangedBlocks.FindAsync(
            new ChangedBlocksRequest
            {
                Cluster = request.Cluster,
                Lineage = source.Lineage.Id,
                Timeline = timeline,
                FromTimeline = parent.Timeline,
                From = parent.StartLsn,
                Through = parent.StopLsn,
                To = start,
                Live = new LiveWal(request.Files, PosixPath.Combine(source.Directory, "pg_wal"), start),
            },
            cancellationToken);

    private static string Text(ChangedBlocksAnswer.Unknown unknown) => "the WAL since the last backup does not tell what changed: "
        + (unknown.Segment is { } segment ? $"{segment}: {unknown.Cause}" : unknown.Cause);
}
