using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Restore.Delta;
using Lifeboat.Engine.Targets;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// Brings a cluster back into an empty directory, or in place. First a plan: everything that can be refused is refused before
/// anything is written. Then the files, then what recovery needs, and pg_control last: a directory that a failed
/// restore leaves behind never starts.
/// </summary>
public static class ClusterRestore
{
    private const string Operation = "plan the restore";

    /// <exception cref="LifeboatException">
    /// TargetUnreachable, TargetNotEmpty, NoSpace, NotFound, Damaged, UnknownFormat: nothing was written.
    /// </exception>
    public static async Task<RestorePlan> PlanAsync(
        RestoreRequest request, IFileSystem files, CancellationToken cancellationToken)
    {
        var resolved = await TargetResolver.ResolveAsync(
            request.Cluster, request.Target, request.Backup, cancellationToken, request.Lineage);
        CheckVersion(resolved.Backup);
        var inPlace = request.Delta
            && DeltaDirectory.Check(files, Path.GetFullPath(request.Directory), resolved.Backup);
        var directory = inPlace
            ? Path.GetFullPath(request.Directory)
            : RestoreDirectory.Check(files, request.Directory, "directory");
        var tablespaces = TablespacePlaces.Resolve(files, request, resolved.Backup, inPlace ? directory : null);
        var (entries, regular, bytes) = await ReadEntriesAsync(request, resolved.Backup, cancellationToken);
        var delta = inPlace
            ? DeltaSurvey.Run(files, directory, resolved.Backup, entries, tablespaces, request.Time)
            : null;
        var free = RestoreSpace.Check(files, directory, tablespaces, entries, delta?.Compared);
        var others = await OtherHistories.WarnAsync(request, resolved, cancellationToken);
        return new RestorePlan(
            request with { Directory = directory },
            resolved,
            regular,
            bytes,
            entries,
            tablespaces,
            free,
            resolved.LeftBehind is { } lost ? [lost, .. others] : others) { Delta = delta };
    }

    /// <exception cref="LifeboatException">
    /// What was written is removed again, as far as that goes. In place nothing can be taken back: the directory does not start,
    /// and the same restore can be run again.
    /// </exception>
    public static async Task<RestoreReport> RunAsync(
        RestorePlan plan, IFileSystem files, IActivity activity, CancellationToken cancellationToken)
    {
        var run = new RestoreRun(plan, files, activity);
        try
        {
            return await run.RunAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            run.CleanUp();
            throw;
        }
    }

    private static void CheckVersion(BackupManifest backup)
    {
        if (backup.Server.Major is < ServerSession.OldestMajor or > ServerSession.NewestMajor)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.UnknownFormat,
                Operation,
                $"backup {backup.Id}",
                $"it is of PostgreSQL {backup.Server.Major}, which this version of Lifeboat does not know",
                Hint: "Use the version of Lifeboat that made the backup, or a newer one."));
        }
    }

    private static async Task<(List<(string Path, FileFacts Facts)> Entries, long Files, long Bytes)> ReadEntriesAsync(
        RestoreRequest request, BackupManifest backup, CancellationToken cancellationToken)
    {
        var entries = new List<(string Path, FileFacts Facts)>();
        var (regular, bytes) = (0L, 0L);
        await foreach (var entry in BackupMap.ReadAsync(request.Cluster, backup.MapRuns, cancellationToken))
        {
            if (entry.Facts is not { } facts)
            {
                continue;
            }

            if (!RestorePaths.IsSafe(entry.Path))
            {
                throw new DamagedObjectException(
                    BackupCatalog.NameOf(request.Cluster, backup),
                    DamageKind.Inconsistent,
                    $"its map names the path '{PosixPath.Display(entry.Path)}', which leads out of the data directory");
            }

            entries.Add((entry.Path, facts));
            if (facts.Kind == MapFileKind.Regular)
            {
                regular++;
                bytes += facts.Length;
            }
        }

        return (entries, regular, bytes);
    }
}
