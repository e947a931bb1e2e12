using System.Security.Cryptography;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Clusters;

/// <summary>A cluster of a repository, with the keys to what lies below it. Immutable; shared by all threads.</summary>
public sealed class Cluster
{
    private Cluster(RepositoryRoot repository, ClusterRecord record)
    {
        Repository = repository;
        Name = record.Name;
        Id = record.Id;
        FirstLineage = record.FirstLineage;
        DataKey = new SealingKey(record.Id, record.DataKey, repository.Encrypted);
        TagKey = new TagKey(record.TagKey);
    }

    public RepositoryRoot Repository { get; }

    public string Name { get; }

    public Id128 Id { get; }

    /// <summary>The lineage of the server for which the cluster was made.</summary>
    public Id128 FirstLineage { get; }

    public IObjectStore Store => Repository.Store;

    public SealingKey DataKey { get; }

    public TagKey TagKey { get; }

    internal TimeProvider Time => Repository.Time;

    /// <summary>Makes the cluster, or opens the one that exists. Several callers at once all get the same one.</summary>
    public static async ValueTask<(Cluster Cluster, bool Created)> CreateAsync(
        RepositoryRoot repository, string name, CancellationToken cancellationToken)
    {
        ClusterName.Checked(name);
        var record = new ClusterRecord(
            repository.Id,
            Id128.NewRandom(),
            name,
            RandomNumberGenerator.GetBytes(SealingKey.Size),
            RandomNumberGenerator.GetBytes(SealingKey.Size),
            Id128.NewRandom());
        var outcome = PutOutcome.AlreadyExists;
        if (await repository.Store.StatAsync(ObjectNames.Cluster(name), cancellationToken) is not null)
        {
            // Whoever made it may have died before it was durable; this call answers for it now.
            await repository.Store.SettleAsync(ObjectNames.ClusterRoot(name), cancellationToken);
        }
        else
        {
            outcome = await Documents.PutAsync(
                repository.Store,
                ObjectNames.Cluster(name),
                ContainerKind.Cluster,
                repository.Key,
                ClusterRecord.Form,
                record,
                repository.Time.GetUtcNow(),
                cancellationToken);
        }

        return (await OpenAsync(repository, name, cancellationToken), outcome == PutOutcome.Created);
    }

    /// <exception cref="LifeboatException">NotFound: no such cluster; the message names those that exist.</exception>
    public static async ValueTask<Cluster> OpenAsync(
        RepositoryRoot repository, string name, CancellationToken cancellationToken)
    {
        ClusterName.Checked(name);
        try
        {
            var record = await Documents.ReadAsync(
                repository.Store,
                ObjectNames.Cluster(name),
                ContainerKind.Cluster,
                repository.Key,
                ClusterRecord.Form,
                cancellationToken);
            if (record.Repository != repository.Id)
            {
                throw new DamagedObjectException(
                    ObjectNames.Cluster(name),
                    DamageKind.Foreign,
                    $"it belongs to repository {record.Repository}, and {ObjectNames.Repository} says {repository.Id}");
            }

            return record.Name == name && record.DataKey.Length == SealingKey.Size
                && record.TagKey.Length == SealingKey.Size
                    ? new Cluster(repository, record)
                    : throw new DamagedObjectException(
                        ObjectNames.Cluster(name), DamageKind.Inconsistent, $"it is the record of cluster {record.Name}");
        }
        catch (DamagedObjectException missing) when (missing.Kind == DamageKind.Missing)
        {
            var others = await repository.ListClustersAsync(cancellationToken);
            throw new LifeboatException(
                new Failure(
                    ErrorCode.NotFound,
                    "open the cluster",
                    name,
                    others.Count == 0
                        ? $"the repository {repository.Store.Location} holds no cluster yet"
                        : $"the repository {repository.Store.Location} holds only: {string.Join(", ", others)}",
                    Hint: $"Check --cluster; to add it, run 'lifeboat init --cluster {name}'."),
                missing);
        }
    }

    /// <summary>
    /// Opens the cluster; in a repository that has none at all, makes it. Beyond the first, clusters are only made by
    /// name on purpose, so that a misspelt name never begins a second archive.
    /// </summary>
    public static async ValueTask<Cluster> OpenOrCreateFirstAsync(
        RepositoryRoot repository, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await OpenAsync(repository, name, cancellationToken);
        }
        catch (LifeboatException missing) when (missing.Code == ErrorCode.NotFound)
        {
            if ((await repository.ListClustersAsync(cancellationToken)).Count > 0)
            {
                throw;
            }

            return (await CreateAsync(repository, name, cancellationToken)).Cluster;
        }
    }
}
