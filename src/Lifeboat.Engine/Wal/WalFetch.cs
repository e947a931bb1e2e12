using Lifeboat.Engine.Files;
using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal;

/// <summary>
/// <c>lifeboat wal fetch</c>: brings one file from the archive. "Absent" is said only when the repository answered; every
/// doubt is an exception, since a recovery that is told "absent" ends there and opens the server.
/// </summary>
public static class WalFetch
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <exception cref="LifeboatException">
    /// Conflict: several contents are archived under this name. Damaged: what is archived is not what was pushed. Usage: no
    /// name of a WAL file. Errors of store and files, after <see cref="WalFetchRequest.RetryFor"/> when they pass.
    /// </exception>
    public static async ValueTask<WalFetchOutcome> RunAsync(
        WalFetchRequest request, CancellationToken cancellationToken)
    {
        if (!WalFileName.IsValid(request.Name))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                "fetch WAL",
                request.Name,
                "this is not the name of a WAL segment, a .partial, a .history or a .backup file",
                Hint: "restore_command must be 'lifeboat wal fetch %f \"%p\"'."));
        }

        var begun = request.Time.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return await TryAsync(request, cancellationToken);
            }
            catch (LifeboatException failed)
                when (failed.Failure.Transient && request.Time.GetElapsedTime(begun) + pause <= request.RetryFor)
            {
                await Task.Delay(pause, request.Time, cancellationToken);
            }
        }
    }

    private static async ValueTask<WalFetchOutcome> TryAsync(
        WalFetchRequest request, CancellationToken cancellationToken)
    {
        var cluster = request.Cluster;
        var directory = ServerDirectory.Locate(request.Files, request.ClusterDirectory, request.Destination);
        var server = await ServerLineage.ResolveAsync(cluster, request.Files, directory);
        var found = await WalAncestry.FindAsync(
            cluster, server.Lineage, server.Marker?.Parent, request.Name, cancellationToken);
        if (found.Count == 0)
        {
            return await PartialFetch.TryAsync(request, server, cancellationToken)
                ?? new WalFetchOutcome(WalFetchResult.Absent, Object: null);
        }

        if (found.Count > 1)
        {
            throw WalStore.Conflict(request.Name, found);
        }

        using var arriving = ArrivingFile.Create(request.Files, request.Destination);
        await WalDecoding.ReadAsync(cluster, found[0], arriving.Write, request.Workers, cancellationToken);
        arriving.Complete(durable: !IsTransient(request.Destination));
        return new WalFetchOutcome(WalFetchResult.Delivered, found[0]);
    }

    /// <summary>
    /// The names under which recovery asks (RestoreArchivedFile, xlogarchive.c): it removes what is there before it asks, and
    /// renames durably what it keeps. So syncing here would be for nothing.
    /// </summary>
    private static bool IsTransient(string destination) =>
        PosixPath.Name(destination) is "RECOVERYXLOG" or "RECOVERYHISTORY";
}
