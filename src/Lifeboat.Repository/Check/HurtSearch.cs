using Lifeboat.Platform.Files;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Repository.Check;

/// <summary>
/// Finds the backups that damaged packs and pages hurt, by reading their maps once more. Without damage nothing is read, so
/// that a healthy repository needs no table from content back to backups.
/// </summary>
internal sealed class HurtSearch(
    Cluster cluster, PackTable packs, List<SuspectPage> suspects, FindingList findings)
{
    /// <summary>Files named for each pack; the backups are always named in full.</summary>
    private const int MostFiles = 5;

    private readonly ILookup<(Id128 Frame, int Slot, string Path, int Extent), SuspectPage> _suspects =
        suspects.ToLookup(page => (page.Frame, page.Slot, page.Path, page.Extent));

    internal async ValueTask RunAsync(IReadOnlyList<BackupManifest> backups, CancellationToken cancellationToken)
    {
        if (suspects.Count == 0 && packs.Packs.Values.All(pack => pack.Faults.Count == 0))
        {
            return;
        }

        foreach (var backup in backups)
        {
            try
            {
                await foreach (var (entry, run) in BackupMap.ReadWithRunsAsync(
                    cluster, backup.MapRuns, [], cancellationToken))
                {
                    if (entry.Extent is { IsZero: false } extent)
                    {
                        Look(backup, entry, extent, run);
                    }
                }
            }
            catch (DamagedObjectException)
            {
                // Told already, with the words that the rest of this backup is not known.
            }
        }
    }

    private void Look(BackupManifest backup, MapEntry entry, ExtentEntry extent, Id128 run)
    {
        if (extent.Base is { } held)
        {
            Blame(backup, entry, held.Id, extent.Slot);
        }

        foreach (var overlay in extent.Overlays)
        {
            Blame(backup, entry, overlay.Frame.Id, overlay.Slot);
        }

        if (suspects.Count == 0 || extent.Overlays.Length > 0 || !backup.Server.DataChecksums)
        {
            return;
        }

        foreach (var page in _suspects[(extent.Base!.Id, extent.Slot, entry.Path, extent.Number)])
        {
            Report(backup, page, run);
        }
    }

    private void Blame(BackupManifest backup, MapEntry entry, Id128 frame, int slot)
    {
        var copies = packs.Find(frame);
        foreach (var (pack, _) in copies)
        {
            if (pack.IsIntact(frame, slot))
            {
                return;
            }
        }

        foreach (var (pack, _) in copies)
        {
            pack.Hurt.Add(backup.Id);
            if (pack.Files.Count < MostFiles)
            {
                pack.Files.Add(PosixPath.Display(entry.Path));
            }
        }
    }

    private void Report(BackupManifest backup, SuspectPage page, Id128 run)
    {
        var name = ObjectNames.MapRun(cluster.Name, run).Value;
        var where = $"{PosixPath.Display(page.Path)}: block {page.BlockInFile}: {page.Fault} (LSN {page.Lsn})";
        if (RelationPages.Excuse(backup, page.Path, page.BlockInFile, page.Lsn) is not { } excuse)
        {
            findings.Damage(
                name,
                DamageKind.Inconsistent,
                $"{where}: the repository holds it as it was read from the server, where it was damaged unnoticed",
                [backup.Id]);
        }
        else if (!RelationPages.IsOrdinary(backup, page.Lsn))
        {
            findings.Add(name, FindingSeverity.Warning, kind: null, $"backup {backup.Id}: {where}: {excuse}");
        }
    }
}
