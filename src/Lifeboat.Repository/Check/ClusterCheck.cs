using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Check;

/// <summary>
/// Checks one cluster: records, packs, index runs, manifests, maps, then (when asked) the content of all packs, then WAL,
/// then what nothing needs, then what collections go by. Used once.
/// </summary>
internal sealed class ClusterCheck(
    StoredCluster stored, FindingList findings, CheckOptions options, IProgress<CheckProgress>? progress)
{
    private readonly PackTable _packs = new();
    private readonly FrameUse _use = new();
    private readonly List<BackupManifest> _backups = [];
    private readonly HashSet<Id128> _neededMaps = [];
    private readonly HashSet<Id128> _expiredMaps = [];

    internal int Backups => _backups.Count;

    internal long BytesRead { get; private set; }

    /// <returns>Whether the cluster could be opened at all.</returns>
    internal async ValueTask<bool> RunAsync(
        RepositoryRoot repository, string name, CancellationToken cancellationToken)
    {
        if (!stored.HasRecord)
        {
            findings.Damage(
                ObjectNames.Cluster(name).Value,
                DamageKind.Missing,
                "without its record nothing of this cluster can be opened",
                stored.BackupIds);
            return false;
        }

        if (await findings.TryAsync(
            () => Cluster.OpenAsync(repository, name, cancellationToken), stored.BackupIds) is not { } cluster)
        {
            return false;
        }

        await ReadPacksAsync(cluster, cancellationToken);
        var index = new IndexCheck(cluster, stored, _packs, findings);
        await index.RunAsync(cancellationToken);
        var lineages = new LineageCheck(cluster, stored, findings);
        _backups.AddRange(await lineages.ReadAsync(_expiredMaps, cancellationToken));
        foreach (var run in _backups.SelectMany(backup => backup.MapRuns))
        {
            _neededMaps.Add(run);
        }

        await ReadMapsAsync(cluster, cancellationToken);
        var suspects = new List<SuspectPage>();
        if (options.ReadData)
        {
            var data = new PackDataCheck(cluster, _packs, _use, options, progress);
            suspects = await data.RunAsync(cancellationToken);
            BytesRead += data.BytesRead;
        }

        await new HurtSearch(cluster, _packs, suspects, findings).RunAsync(_backups, cancellationToken);
        ReportPacks(cluster);
        ReportUnreferenced(cluster, index.Superseded);
        var wal = new WalCheck(cluster, findings, options, progress);
        var pieces = new PieceCheck(cluster, findings, options);
        foreach (var (lineage, content) in stored.Lineages)
        {
            var record = lineages.Records.GetValueOrDefault(lineage);
            List<BackupManifest> backups = [.. _backups.Where(backup => backup.Lineage == lineage)];
            await wal.RunAsync(lineage, record, content, backups, cancellationToken);
            await pieces.RunAsync(lineage, record, content, backups, cancellationToken);
        }

        BytesRead += wal.BytesRead + pieces.BytesRead;
        await new DocumentCheck(cluster, stored, findings).RunAsync(cancellationToken);
        await LeaveCollectedAsync(cluster, cancellationToken);
        return true;
    }

    /// <summary>
    /// What a collection deleted since the check listed it is no damage: it had been condemned, and no backup needs it.
    /// </summary>
    private async ValueTask LeaveCollectedAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var missing = findings.Missing.Where(name => name.StartsWith(
            ObjectNames.ClusterRoot(cluster.Name), StringComparison.Ordinal)).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        var condemned = (await CondemnedLists.LoadAsync(cluster, cancellationToken)).Names;
        findings.Leave(missing.Where(name =>
            condemned.Contains(name[ObjectNames.ClusterRoot(cluster.Name).Length..])));
    }

    private async ValueTask ReadPacksAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var done = 0;
        foreach (var (id, size) in stored.Packs)
        {
            progress?.Report(new CheckProgress("read pack directories", done++, stored.Packs.Count, 0));
            var pack = _packs.Of(id, ObjectNames.Pack(cluster.Name, id));
            try
            {
                pack.Directory = await PackDirectory.ReadAsync(cluster, id, size, cancellationToken);
                _packs.Add(pack, pack.Directory.Frames);
            }
            catch (DamagedObjectException damage)
            {
                pack.Fault(damage.Kind, damage.Detail);
            }
            catch (LifeboatException newer) when (newer.Code == ErrorCode.UnknownFormat)
            {
                pack.Fault(DamageKind.Inconsistent, newer.Failure.Cause);
            }
        }
    }

    private async ValueTask ReadMapsAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var done = 0;
        using var check = new MapCheck(cluster, _packs, _use, findings, options);
        foreach (var backup in _backups)
        {
            progress?.Report(new CheckProgress("read maps", done++, _backups.Count, 0));
            await check.RunAsync(backup, _backups, cancellationToken);
        }

        foreach (var run in stored.Maps.Keys.Where(run => !_neededMaps.Contains(run)))
        {
            await findings.TryAsync(async () =>
            {
                await foreach (var entry in MapRunReader.ReadAsync(cluster, run, [], cancellationToken))
                {
                    _ = entry;
                }

                return true;
            });
        }
    }

    /// <summary>What is wrong with packs is told when it is known whom it hurts.</summary>
    private void ReportPacks(Cluster cluster)
    {
        var unlisted = 0;
        foreach (var pack in _packs.Packs.Values)
        {
            unlisted += pack is { IsListed: false, Directory: not null } ? 1 : 0;
            foreach (var (kind, detail) in pack.Faults)
            {
                var harmless = kind == DamageKind.Missing && pack.Hurt.Count == 0;
                var files = pack.Files.Count == 0 ? "" : $" (content of {string.Join(", ", pack.Files)} is lost)";
                findings.Add(
                    pack.Name.Value,
                    harmless ? FindingSeverity.Warning : FindingSeverity.Damage,
                    kind,
                    detail + files,
                    pack.Hurt);
            }
        }

        if (unlisted > 0)
        {
            findings.Add(
                ObjectNames.IndexRuns(cluster.Name),
                FindingSeverity.Information,
                kind: null,
                $"{unlisted} packs are in no index run: a backup is running or was interrupted, or an index run was lost; "
                + "'lifeboat repair index' lists them again");
        }
    }

    private void ReportUnreferenced(Cluster cluster, HashSet<Id128> superseded)
    {
        const string Why = "no backup needs it: a backup is running or was interrupted, or has expired, or its manifest was lost";
        foreach (var pack in _packs.Packs.Values.Where(pack => pack is { IsNeeded: false, Directory: not null }))
        {
            findings.Add(pack.Name.Value, FindingSeverity.Information, kind: null, Why);
        }

        foreach (var run in stored.Maps.Keys.Where(run => !_neededMaps.Contains(run)))
        {
            findings.Add(
                ObjectNames.MapRun(cluster.Name, run).Value,
                FindingSeverity.Information,
                kind: null,
                _expiredMaps.Contains(run) ? "only expired backups need it" : Why);
        }

        foreach (var backup in _backups.Where(backup => backup.IndexRun is { } run
            && !stored.Index.ContainsKey(run) && !superseded.Contains(run)))
        {
            findings.Add(
                ObjectNames.IndexRun(cluster.Name, backup.IndexRun!.Value).Value,
                FindingSeverity.Information,
                DamageKind.Missing,
                $"backup {backup.Id} wrote it and it is not there; the packs say the same, and 'lifeboat repair index' "
                + "makes another one of them");
        }
    }
}
