using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Control;

namespace Lifeboat.Engine.Restore.Delta;

/// <summary>
/// Makes a data directory ready to be restored over: it is marked, cannot be started any more, its WAL is laid aside, and what
/// does not belong to the backup is removed. Each step is durable before the next one begins.
/// </summary>
internal static class DeltaClearing
{
    internal static void Run(IFileSystem files, string root, DeltaPlan plan)
    {
        var control = PosixPath.Combine(root, ControlFile.Path);
        if (files.Stat(control) is not null)
        {
            files.Delete(control);
            files.SyncDirectory(PosixPath.Parent(control));
        }

        LayWalAside(files, root, plan);
        foreach (var removal in plan.Removed)
        {
            var path = PosixPath.Combine(root, removal.Path);
            if (removal.IsDirectory)
            {
                files.DeleteDirectory(path);
            }
            else if (files.Stat(path) is not null)
            {
                files.Delete(path);
            }
        }
    }

    private static void LayWalAside(IFileSystem files, string root, DeltaPlan plan)
    {
        var wal = PosixPath.Combine(root, DeltaSurvey.WalDirectory);
        foreach (var name in plan.Wal)
        {
            var kept = PosixPath.Combine(PosixPath.Combine(root, plan.WalFolder!), name);
            MakeDirectory(files, PosixPath.Combine(root, plan.WalFolder!));
            MakeDirectory(files, PosixPath.Parent(kept));
            files.Rename(PosixPath.Combine(wal, name), kept);
        }

        // Also what a run before this one moved: it may have died before it was durable.
        if (files.StatTarget(wal) is not null)
        {
            Sync(files, wal);
        }
    }

    private static void MakeDirectory(IFileSystem files, string path)
    {
        if (files.Stat(path) is null)
        {
            files.CreateDirectory(path);
        }
    }

    private static void Sync(IFileSystem files, string directory)
    {
        foreach (var entry in files.List(directory).Where(entry => entry.Kind == FileKind.Directory))
        {
            Sync(files, PosixPath.Combine(directory, entry.Name));
        }

        files.SyncDirectory(directory);
    }
}
