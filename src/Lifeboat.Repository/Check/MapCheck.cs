using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Repository.Check;

/// <summary>
/// Reads the map of each backup: extents without gaps, lengths that sum up, tags that agree with ids and with the file's
/// CRC, and a slot for every extent. When data is read, notes what each slot must hold.
/// </summary>
internal sealed class MapCheck(
    Cluster cluster, PackTable packs, FrameUse use, FindingList findings, CheckOptions options) : IDisposable
{
    private readonly ExtentTagger _tagger = new(cluster.TagKey);
    private readonly OverlayReader _overlays = new(cluster, packs);
    private readonly Dictionary<Id128, long> _lost = [];

    public void Dispose()
    {
        _tagger.Dispose();
        _overlays.Dispose();
    }

    /// <param name="all">Every backup, so that damage to a run is told of all that share it.</param>
    internal async ValueTask RunAsync(
        BackupManifest backup, IReadOnlyList<BackupManifest> all, CancellationToken cancellationToken)
    {
        _lost.Clear();
        try
        {
            var file = new FileState();
            await foreach (var (entry, run) in BackupMap.ReadWithRunsAsync(
                cluster, backup.MapRuns, [], cancellationToken))
            {
                await CheckEntryAsync(backup, entry, run, file, cancellationToken);
            }
        }
        catch (DamagedObjectException damage)
        {
            var sharing = all.Where(other => other.MapRuns.Any(
                run => ObjectNames.MapRun(cluster.Name, run) == damage.Name));
            findings.Damage(
                damage.Name.Value,
                damage.Kind,
                damage.Detail + "; what else these backups suffer from cannot be told in full",
                sharing.Select(other => other.Id));
        }
        catch (LifeboatException newer) when (newer.Code == ErrorCode.UnknownFormat)
        {
            findings.Damage(newer.Failure.Subject, DamageKind.Inconsistent, newer.Failure.Cause, [backup.Id]);
        }

        foreach (var (run, count) in _lost)
        {
            findings.Damage(
                ObjectNames.MapRun(cluster.Name, run).Value,
                DamageKind.Missing,
                $"{count} of its extents lie in frames that no pack holds and no index run knows: packs were lost",
                [backup.Id]);
        }
    }

    private async ValueTask CheckEntryAsync(
        BackupManifest backup, MapEntry entry, Id128 run, FileState file, CancellationToken cancellationToken)
    {
        if (entry.Extent is { } extent)
        {
            file.Fault ??= extent.Number != file.Extents || file.Length % PageTags.ExtentSize != 0
                ? $"extent {extent.Number} follows {file.Length} bytes"
                : null;
            file.Extents++;
            file.Length += extent.Length;
            file.Crc = ResolvedFile.Append(file.Crc, extent);
            if (!extent.IsZero)
            {
                file.Fault ??= _tagger.ExtentId(extent.Tags) == extent.Id
                    ? await CheckPlacesAsync(backup, entry, extent, run, cancellationToken)
                    : $"the tags of extent {extent.Number} are not those of its id";
            }

            return;
        }

        if (entry.Facts is { } facts)
        {
            file.Fault ??= facts.Kind != MapFileKind.Regular
                ? file.Extents > 0 ? "it has extents and is no regular file" : null
                : file.Length != facts.Length
                    ? $"its extents have {file.Length} bytes and the file {facts.Length}"
                    : file.Crc != facts.Crc
                        ? "its pages and their tags are not those that were read from the server: the file's checksum "
                            + $"is {facts.Crc:x8}, and that of its pages {file.Crc:x8}"
                        : null;
            if (file.Fault is { } fault)
            {
                findings.Damage(
                    ObjectNames.MapRun(cluster.Name, run).Value,
                    DamageKind.Inconsistent,
                    $"{PosixPath.Display(entry.Path)}: {fault}",
                    [backup.Id]);
            }
        }

        file.Clear();
    }

    private async ValueTask<string?> CheckPlacesAsync(
        BackupManifest backup, MapEntry entry, ExtentEntry extent, Id128 run, CancellationToken cancellationToken)
    {
        var hasOverlays = extent.Overlays.Length > 0;
        var fault = extent.Overlays.Length > ExtentEntry.MostOverlays
            ? $"extent {extent.Number} has {extent.Overlays.Length} overlays, more than {ExtentEntry.MostOverlays}"
            : extent.Base is not { } held
                ? null
                : CheckPlace(held.Id, extent.Slot, run, slot =>
                    slot.Kind != SlotKind.Extent || (hasOverlays ? slot.Length > extent.Length
                        : slot.Length != extent.Length || (!slot.Id.IsZero && slot.Id != extent.Id))
                        ? $"extent {extent.Number} is not what slot {extent.Slot} of frame {held.Id} holds"
                        : null);
        foreach (var overlay in extent.Overlays)
        {
            fault ??= CheckPlace(overlay.Frame.Id, overlay.Slot, run, slot =>
                slot.Kind != SlotKind.LoosePages
                || PageTags.PagesOf(slot.Length) != System.Numerics.BitOperations.PopCount(overlay.Pages)
                    ? $"an overlay of extent {extent.Number} is not what slot {overlay.Slot} of frame {overlay.Frame.Id} holds"
                    : null);
        }

        if (!options.ReadData || fault is not null)
        {
            return fault;
        }

        if (hasOverlays)
        {
            return await _overlays.CompareAsync(extent, cancellationToken);
        }

        var path = backup.Server.DataChecksums && RelationPages.IsRelation(entry.Path)
            ? use.Number(entry.Path, backup.Server)
            : -1;
        use.Add(extent.Base!.Id, new Expectation(
            extent.Slot, TagCrcs.Fingerprint(extent.Tags), path, path < 0 ? 0 : extent.Number));
        return null;
    }

    private string? CheckPlace(Id128 frame, int slot, Id128 run, Func<Slot, string?> judge)
    {
        var copies = packs.Find(frame);
        if (copies.Count == 0)
        {
            _lost[run] = _lost.GetValueOrDefault(run) + 1;
            return null;
        }

        foreach (var (pack, _) in copies)
        {
            pack.IsNeeded = true;
        }

        var slots = copies[0].Frame.Slots;
        return slot < slots.Length ? judge(slots[slot]) : $"frame {frame} has no slot {slot}";
    }

    private sealed class FileState
    {
        internal int Extents { get; set; }

        internal long Length { get; set; }

        internal uint Crc { get; set; }

        internal string? Fault { get; set; }

        internal void Clear() => (Extents, Length, Crc, Fault) = (0, 0, 0, null);
    }
}
