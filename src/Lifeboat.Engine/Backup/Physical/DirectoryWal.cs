using Lifeboat.Engine.Files;
using Lifeboat.Engine.Wal;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>The WAL of a server whose data directory is on this host: the files of its pg_wal.</summary>
internal sealed class DirectoryWal(PhysicalBackupRequest request, string directory) : IServerWal
{
    public async Task PushHistoriesAsync(List<string> missing, CancellationToken cancellationToken)
    {
        var kept = missing.FindAll(file =>
            WalFileName.IsHistory(file) && request.Files.StatTarget(PathOf(file)) is not null);
        await PushAsync(kept, cancellationToken);
        missing.RemoveAll(kept.Contains);
    }

    public async Task PushAsync(IReadOnlyList<string> files, CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            await WalPush.RunAsync(
                new WalPushRequest
                {
                    Cluster = request.Cluster,
                    Path = PathOf(file),
                    ClusterDirectory = directory,
                    Files = request.Files,
                },
                cancellationToken);
        }
    }

    public Task<bool> IsOwnAsync(
        WalSegmentName segment, Lsn stop, WalObject archived, CancellationToken cancellationToken)
    {
        try
        {
            var content = WholeFile.Read(request.Files, PathOf(segment.ToString()), segment.Size.Bytes);
            return Task.FromResult(archived.Tag == WalStore.TagOf(request.Cluster, content));
        }
        catch (FileSystemException removed) when (removed.IsMissing)
        {
            // Archived and recycled since.
            return Task.FromResult(true);
        }
    }

    private string PathOf(string file) => PosixPath.Combine(PosixPath.Combine(directory, "pg_wal"), file);
}
