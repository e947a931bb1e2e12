using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Keys;

namespace Lifeboat.Repository.Check;

/// <summary>
/// Looks at everything that a repository holds and names what is damaged, what lacks, and which backups and points in time
/// suffer. Damage never ends a check; a store that fails does, with its own exception.
/// </summary>
/// <remarks>
/// <para>Memory: the names of all objects, about 250 bytes for each frame (of up to 1 MiB) and, when data is read, 40 bytes
/// for each distinct reference to an extent: some 600 bytes for each MiB of distinct content, and 4 MiB for each job.</para>
/// <para>What cannot be known: that a manifest was ever there. A repository from which a manifest, the newest claim or
/// the newest WAL was removed looks as it did before they were written; what only a lost manifest needed is reported as
/// not referenced.</para>
/// </remarks>
public static class RepositoryCheck
{
    /// <exception cref="Storage.ObjectStoreException">The store failed; nothing can be said of what is in it.</exception>
    /// <exception cref="Platform.Errors.LifeboatException">NotFound: there is no such cluster.</exception>
    public static async ValueTask<CheckReport> RunAsync(
        RepositoryRoot repository,
        CheckOptions options,
        IProgress<CheckProgress>? progress,
        CancellationToken cancellationToken)
    {
        var findings = new FindingList();
        var objects = await StoredObjects.ListAsync(repository.Store, progress, cancellationToken);
        foreach (var name in objects.Foreign)
        {
            findings.Add(
                name.Value, FindingSeverity.Warning, DamageKind.Foreign, "no object of a repository has such a name");
        }

        await CheckRecordAsync(repository, objects, findings, cancellationToken);
        await CheckKeysAsync(repository, objects, findings, cancellationToken);
        if (options.Cluster is { } wanted && !objects.Clusters.ContainsKey(wanted))
        {
            // Says which clusters there are.
            await Cluster.OpenAsync(repository, wanted, cancellationToken);
        }

        var (backups, bytes, foreign) = (0, 0L, 0);
        foreach (var (name, stored) in objects.Clusters)
        {
            if (options.Cluster is not null && options.Cluster != name)
            {
                continue;
            }

            var check = new ClusterCheck(stored, findings, options, progress);
            foreign += await check.RunAsync(repository, name, cancellationToken) ? 0 : 1;
            backups += check.Backups;
            bytes += check.BytesRead;
        }

        if (foreign > 0 && foreign == objects.Clusters.Count)
        {
            findings.Damage(
                ObjectNames.Repository.Value,
                DamageKind.Inconsistent,
                "no cluster opens: either their records are damaged, or this record is the one of another repository",
                objects.Clusters.Values.SelectMany(cluster => cluster.BackupIds));
        }

        return new CheckReport(findings.ToList(), objects.Count, backups, bytes, options.ReadData);
    }

    private static async ValueTask CheckRecordAsync(
        RepositoryRoot repository, StoredObjects objects, FindingList findings, CancellationToken cancellationToken)
    {
        // It was read to open the repository, but may have been lost or replaced since.
        var record = await findings.TryAsync(
            () => Documents.ReadAsync(
                repository.Store,
                ObjectNames.Repository,
                ContainerKind.Repository,
                SealingKey.Public,
                RepositoryRecord.Form,
                cancellationToken),
            objects.Clusters.Values.SelectMany(cluster => cluster.BackupIds));
        if (record is not null && (record.Id != repository.Id || record.Encrypted != repository.Encrypted))
        {
            findings.Damage(
                ObjectNames.Repository.Value, DamageKind.Foreign, $"it was replaced by the one of repository {record.Id}");
        }
    }

    private static async ValueTask CheckKeysAsync(
        RepositoryRoot repository, StoredObjects objects, FindingList findings, CancellationToken cancellationToken)
    {
        var intact = 0;
        foreach (var name in objects.Keys)
        {
            var key = await findings.TryAsync(() => Documents.ReadAsync(
                repository.Store,
                name,
                ContainerKind.Key,
                SealingKey.Public,
                KeyRecord.Form,
                cancellationToken));
            if (key is null)
            {
                continue;
            }

            if (key.Repository == repository.Id)
            {
                intact++;
            }
            else
            {
                findings.Add(
                    name.Value,
                    FindingSeverity.Warning,
                    DamageKind.Foreign,
                    $"it wraps the key of repository {key.Repository}: left over from an init that lost a race, or put "
                    + "here from elsewhere");
            }
        }

        if (repository.Encrypted && intact == 0)
        {
            findings.Damage(
                ObjectNames.Keys,
                DamageKind.Missing,
                "no intact key of this repository is left: once it is closed, nobody can open it again",
                objects.Clusters.Values.SelectMany(cluster => cluster.BackupIds));
        }
    }
}
