using Lifeboat.Engine.Targets;
using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Restore;

/// <summary>Puts a <see cref="LeftSegment"/> into pg_wal.</summary>
internal static class LeftSegmentFile
{
    private const string Wal = "pg_wal";
    private const string Status = "archive_status";
    private const int DirectoryMode = 0x1C0; // 0700

    /// <summary>
    /// Writes the older timeline's part of the segment, zeros behind, and that it is archived: the restored server must not
    /// archive what it did not write. Durable.
    /// </summary>
    /// <returns>Bytes written.</returns>
    internal static async ValueTask<long> WriteAsync(
        Cluster cluster,
        LeftSegment left,
        string root,
        IFileSystem files,
        RestoreOwner owner,
        CancellationToken cancellationToken)
    {
        var (content, _) = await ArchivedSegment.ReadAsync(cluster, left.Source, left.Name.Size, cancellationToken);
        content.AsSpan(left.Length).Clear();
        var folder = PosixPath.Combine(root, Wal);
        var status = PosixPath.Combine(folder, Status);
        if (files.Stat(status) is null)
        {
            files.CreateDirectory(status, DirectoryMode);
            owner.Give(files, status);
        }

        Write(files, owner, PosixPath.Combine(folder, left.Name.ToString()), content);
        Write(files, owner, PosixPath.Combine(status, $"{left.Name}.done"), []);
        files.SyncDirectory(status);
        files.SyncDirectory(folder);
        return content.Length;
    }

    private static void Write(IFileSystem files, RestoreOwner owner, string path, ReadOnlySpan<byte> content)
    {
        using var file = files.Create(path);
        file.Write(content, 0);
        owner.Give(files, path);
        file.Sync();
        file.Close();
    }
}
