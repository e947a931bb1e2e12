using Lifeboat.Engine.Files;
using Lifeboat.Engine.Wal;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>The WAL of a server whose data directory is on this host: the files of its pg_wal.</summary>
/// <param name="isStandby">Whether another server writes it, and archives it.</param>
internal sealed class DirectoryWal(PhysicalBackupRequest request, string directory, bool isStandby) : IServerWal
{
    public async Task PushHistoriesAsync(List<string> missing, CancellationToken cancellationToken)
    {
        var kept = missing.FindAll(file =>
            !isStandby && WalFileName.IsHistory(file) && request.Files.StatTarget(PathOf(file)) is not null);
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

    public async Task<bool> IsOwnAsync(
        WalSegmentName segment, Lsn stop, WalObject archived, CancellationToken cancellationToken)
    {
        byte[] own;
        try
        {
            own = WholeFile.Read(request.Files, PathOf(segment.ToString()), segment.Size.Bytes);
        }
        catch (FileSystemException removed) when (removed.IsMissing)
        {
            // Archived and recycled since, or replayed from the archive.
            return true;
        }

        if (archived.Tag == WalStore.TagOf(request.Cluster, own))
        {
            return true;
        }

        if (!isStandby)
        {
            return false;
        }

        // It may not have received the rest of the segment yet.
        var (content, _) = await WalStore.ReadAsync(request.Cluster, archived, cancellationToken);
        var length = checked((int)Math.Min((ulong)segment.Size.Bytes, stop - segment.Start));
        return content.Length >= length && own.AsSpan(0, length).SequenceEqual(content.AsSpan(0, length));
    }

    private string PathOf(string file) => PosixPath.Combine(PosixPath.Combine(directory, "pg_wal"), file);
}
