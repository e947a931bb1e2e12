using System.Runtime.CompilerServices;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Restore;

/// <summary>A piece of work: extents of files that are open, and files that have no extents and are done.</summary>
internal sealed record RestoreWindow(
    List<(RestoredFile File, ExtentEntry Extent)> Extents, List<RestoredFile> Ended);

/// <summary>
/// Reads the map in order and cuts it into windows that are large enough to read each frame once and small enough to
/// bound memory and open files. Creates the files as it meets them.
/// </summary>
internal sealed class RestoreWindows(RestorePlan plan, IFileSystem files, RestoreOwner owner, RecoveryFiles recovery)
{
    private const int MostExtents = 16384;
    private const int MostFiles = 250;
    private const int FileMode = 0x180; // 0600
    private const int MostMode = 0x1A0; // 0640: PostgreSQL's data files have no more

    private int _entry;

    internal async IAsyncEnumerable<RestoreWindow> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var window = new RestoreWindow([], []);
        var opened = 0;
        RestoredFile? file = null;
        string? held = null;
        await foreach (var entry in BackupMap.ReadAsync(
            plan.Request.Cluster, plan.Target.Backup.MapRuns, cancellationToken))
        {
            if (recovery.Takes(entry, out var isRegular) || !isRegular)
            {
                held = null;
                continue;
            }

            if (held != entry.Path)
            {
                held = entry.Path;
                file = Create(entry.Path);
                opened++;
            }

            if (entry.Extent is { } extent)
            {
                file!.Expect();
                window.Extents.Add((file, extent));
            }
            else
            {
                window.Ended.Add(file!);
            }

            if (window.Extents.Count >= MostExtents || opened >= MostFiles)
            {
                yield return window;
                window = new RestoreWindow([], []);
                opened = 0;
            }
        }

        yield return window;
    }

    private RestoredFile Create(string path)
    {
        while (_entry < plan.Entries.Count && plan.Entries[_entry].Path != path)
        {
            _entry++;
        }

        if (_entry == plan.Entries.Count)
        {
            throw new DamagedObjectException(
                Repository.Backups.BackupCatalog.NameOf(plan.Request.Cluster, plan.Target.Backup),
                DamageKind.Inconsistent,
                $"its map changed between two readings at {PosixPath.Display(path)}");
        }

        var facts = plan.Entries[_entry].Facts;
        var full = PosixPath.Combine(plan.Request.Directory, path);
        var mode = FileMode | (facts.Mode & MostMode);
        if (plan.Delta is { } delta && delta.Compared.TryGetValue(path, out var length))
        {
            return Over(path, full, mode, facts, length);
        }

        var file = files.Create(full, mode);
        owner.Give(files, full);
        return new RestoredFile(path, facts, file, isCompared: false);
    }

    private RestoredFile Over(string path, string full, int mode, FileFacts facts, long length)
    {
        files.SetMode(full, mode);
        owner.Give(files, full);
        var file = files.OpenWrite(full);
        if (length > facts.Length)
        {
            file.SetLength(facts.Length);
        }

        return new RestoredFile(path, facts, file, isCompared: true);
    }
}
