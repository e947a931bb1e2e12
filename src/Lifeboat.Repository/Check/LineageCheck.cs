using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Repository.Check;

/// <summary>Reads what lies directly below the lineages of a cluster: their records, claims, tombstones and manifests.</summary>
internal sealed class LineageCheck(Cluster cluster, StoredCluster stored, FindingList findings)
{
    internal Dictionary<Id128, LineageRecord> Records { get; } = [];

    /// <param name="expiredMaps">Filled with the map runs of expired backups.</param>
    /// <returns>The manifests of all backups that exist and can be read, oldest first.</returns>
    internal async ValueTask<List<BackupManifest>> ReadAsync(
        HashSet<Id128> expiredMaps, CancellationToken cancellationToken)
    {
        var backups = new List<BackupManifest>();
        foreach (var (id, content) in stored.Lineages)
        {
            await ReadRecordAsync(id, content, cancellationToken);
            await ReadClaimsAsync(id, content, cancellationToken);
            await ReadExpiredWalAsync(id, content, cancellationToken);
            foreach (var name in content.Marks)
            {
                // What counts of a backup's marks is not known when one of them is damaged; its content still is.
                await findings.TryAsync(() => BackupMarks.ReadAsync(cluster, name, cancellationToken));
            }

            var expired = new HashSet<string>(StringComparer.Ordinal);
            foreach (var name in content.Tombstones)
            {
                // One that does not open expires nothing; what is collected already then shows as missing.
                if (await findings.TryAsync(
                    () => BackupCatalog.ReadTombstoneAsync(cluster, name, cancellationToken),
                    [StoredLineage.BackupOf(name)]) is { } tombstone)
                {
                    expired.Add(tombstone.Backup);
                }
            }

            foreach (var name in content.Manifests)
            {
                var backup = StoredLineage.BackupOf(name);
                var manifest = await findings.TryAsync(
                    () => ReadManifestAsync(name, cancellationToken), [backup]);
                if (manifest is not null && expired.Contains(backup))
                {
                    expiredMaps.UnionWith(manifest.MapRuns);
                }
                else if (manifest is { Lease: not null } && !content.Completions.ContainsKey(backup))
                {
                    // Nobody lists it: its writer is at work, or died, and the collection takes it away then.
                    expiredMaps.UnionWith(manifest.MapRuns);
                    findings.Add(
                        name.Value, FindingSeverity.Information, kind: null, "the backup is not complete, and is not listed");
                }
                else if (manifest is not null)
                {
                    backups.Add(manifest);
                }
            }
        }

        return [.. backups.OrderBy(backup => backup.Id, StringComparer.Ordinal)];
    }

    private async ValueTask ReadRecordAsync(Id128 id, StoredLineage content, CancellationToken cancellationToken)
    {
        var name = ObjectNames.Lineage(cluster.Name, id);
        if (!content.HasRecord)
        {
            findings.Damage(
                name.Value,
                DamageKind.Missing,
                "objects of this lineage are there, but not its record: which server they belong to is not known",
                content.BackupIds);
            return;
        }

        if (await findings.TryAsync(
            () => LineageCatalog.TryReadAsync(cluster, id, cancellationToken), content.BackupIds) is { } record)
        {
            Records[id] = record;
        }
    }

    /// <summary>WAL that has expired is nobody's any more: it is neither read nor missed.</summary>
    private async ValueTask ReadExpiredWalAsync(Id128 id, StoredLineage content, CancellationToken cancellationToken)
    {
        var ranges = new List<WalTombstoneRange>();
        foreach (var name in content.WalTombstones)
        {
            if (await findings.TryAsync(() => WalTombstones.ReadAsync(cluster, id, name, cancellationToken))
                is { } tombstone)
            {
                ranges.AddRange(tombstone.Ranges);
            }
        }

        if (ranges.Count > 0 && Records.GetValueOrDefault(id) is { } record && WalSegmentSize.IsValid(record.SegmentSize))
        {
            var size = new WalSegmentSize(record.SegmentSize);
            content.ExpiredWal = new ExpiredWal(ranges);
            content.Wal.RemoveAll(item => content.ExpiredWal.Contains(item.File, size));
            content.Catalogs.RemoveAll(catalog => WalSegmentName.TryParse(catalog.First, size, out var first)
                && content.ExpiredWal.ContainsAny(first.Timeline, first.Number, first.Number + WalCatalog.Segments - 1));
            content.Pieces.RemoveAll(piece => content.ExpiredWal.Contains(piece.Name.Segment, size));
        }
    }

    private async ValueTask ReadClaimsAsync(Id128 id, StoredLineage content, CancellationToken cancellationToken)
    {
        foreach (var (timeline, _, name) in content.Claims)
        {
            var claim = await findings.TryAsync(() => Documents.ReadAsync(
                cluster.Store,
                name,
                ContainerKind.Claim,
                cluster.DataKey,
                ClaimRecord.Form,
                cancellationToken));
            if (claim is not null && (claim.Lineage != id || claim.Timeline != timeline))
            {
                findings.Damage(
                    name.Value, DamageKind.Inconsistent, $"it claims timeline {claim.Timeline} of lineage {claim.Lineage}");
            }
        }

        foreach (var timeline in content.Claims.GroupBy(claim => claim.Timeline))
        {
            uint expected = 1;
            foreach (var (_, serial, _) in timeline.OrderBy(claim => claim.Serial))
            {
                if (serial != expected)
                {
                    findings.Add(
                        $"{ObjectNames.Claims(cluster.Name, id, timeline.Key)}{expected:x8}",
                        FindingSeverity.Warning,
                        DamageKind.Missing,
                        "later claims to this timeline are there, and this one is not");
                }

                expected = serial + 1;
            }
        }
    }

    private async ValueTask<BackupManifest> ReadManifestAsync(
        Storage.ObjectName name, CancellationToken cancellationToken)
    {
        var manifest = await BackupCatalog.ReadAsync(cluster, name, cancellationToken);
        await BackupCatalog.ReadCatalogAsync(cluster, manifest, cancellationToken);
        var contradiction = manifest switch
        {
            { MapRuns: [] } => "it names no map run",
            _ when manifest.Cluster != cluster.Name => $"it is of cluster {manifest.Cluster}",
            _ when manifest.StopLsn < manifest.StartLsn => $"it stops at {manifest.StopLsn}, before {manifest.StartLsn}",
            _ when Records.GetValueOrDefault(manifest.Lineage) is { } lineage
                && lineage.SystemIdentifier != manifest.Server.SystemIdentifier =>
                    $"it is of the server {manifest.Server.SystemIdentifier}, its lineage of {lineage.SystemIdentifier}",
            _ => null,
        };
        return contradiction is null
            ? manifest
            : throw new DamagedObjectException(name, DamageKind.Inconsistent, contradiction);
    }
}
