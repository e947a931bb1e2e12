using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;

namespace Lifeboat.Repository;

/// <summary>An opened repository: its store, and the key that opens its clusters. Immutable; shared by all threads.</summary>
public sealed class RepositoryRoot
{
    private readonly RepositoryRecord _record;

    private RepositoryRoot(IObjectStore store, RepositoryRecord record, SealingKey key, TimeProvider time)
    {
        Store = store;
        Key = key;
        Time = time;
        _record = record;
    }

    public IObjectStore Store { get; }

    public Id128 Id => _record.Id;

    public bool Encrypted => _record.Encrypted;

    /// <summary>Seals the cluster records.</summary>
    internal SealingKey Key { get; }

    internal TimeProvider Time { get; }

    /// <summary>Opens the repository, or makes it where the store holds none.</summary>
    /// <param name="secret">Given: the repository is (to be) encrypted.</param>
    /// <returns>The repository, and whether it was made now.</returns>
    public static async ValueTask<(RepositoryRoot Repository, bool Created)> InitAsync(
        IObjectStore store, RepositorySecret? secret, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await store.StatAsync(ObjectNames.Repository, cancellationToken) is not null)
        {
            // Whoever made it may have died before it was durable; this init answers for it now.
            var opened = await OpenAsync(store, secret, time, cancellationToken);
            await store.SettleAsync(ObjectNames.Keys, cancellationToken);
            await store.SettleAsync("", cancellationToken);
            return (opened, false);
        }

        await RequireNoRemainsAsync(store, cancellationToken);
        var record = new RepositoryRecord(Id128.NewRandom(), secret is not null, []);
        if (secret is not null)
        {
            // The key comes first: a repository whose key is nowhere must never be seen.
            await MasterKeys.AddAsync(
                store, record.Id, MasterKeys.New(), secret, time.GetUtcNow(), cancellationToken);
        }

        var outcome = await Documents.PutAsync(
            store,
            ObjectNames.Repository,
            ContainerKind.Repository,
            SealingKey.Public,
            RepositoryRecord.Form,
            record,
            time.GetUtcNow(),
            cancellationToken);
        return (await OpenAsync(store, secret, time, cancellationToken), outcome == PutOutcome.Created);
    }

    /// <exception cref="LifeboatException">
    /// NotFound: there is no repository. WrongKey: the secret is missing or does not open it. Damaged.
    /// </exception>
    public static async ValueTask<RepositoryRoot> OpenAsync(
        IObjectStore store, RepositorySecret? secret, TimeProvider time, CancellationToken cancellationToken)
    {
        var record = await ReadRecordAsync(store, cancellationToken);
        if (!record.Encrypted && secret is not null)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Mismatch,
                "open the repository",
                store.Location,
                $"it is not encrypted, but a {secret.Description} was given",
                Hint: "If it was encrypted before, somebody has put another one in its place. If it is meant to be "
                    + "readable, leave the key away; encryption is chosen at 'lifeboat init'."));
        }

        if (!record.Encrypted)
        {
            return new RepositoryRoot(store, record, SealingKey.Public, time);
        }

        if (secret is null)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.WrongKey,
                "open the repository",
                store.Location,
                "it is encrypted, and neither a key file nor a passphrase was given",
                Hint: "Give --key-file FILE, or set LIFEBOAT_PASSPHRASE."));
        }

        var master = await MasterKeys.FindAsync(store, record.Id, secret, cancellationToken);
        return new RepositoryRoot(store, record, MasterKeys.RepositoryKey(record.Id, master), time);
    }

    /// <summary>The names of all clusters, in ordinal order.</summary>
    public async ValueTask<IReadOnlyList<string>> ListClustersAsync(CancellationToken cancellationToken)
    {
        var names = new List<string>();
        foreach (var child in await Store.ListChildrenAsync(ObjectNames.Clusters, cancellationToken))
        {
            if (child.EndsWith('/') && ClusterName.IsValid(child[..^1])
                && await Store.StatAsync(ObjectNames.Cluster(child[..^1]), cancellationToken) is not null)
            {
                names.Add(child[..^1]);
            }
        }

        return names;
    }

    /// <summary>A repository that lost its record is not made anew above what it holds.</summary>
    private static async ValueTask RequireNoRemainsAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        if ((await store.ListChildrenAsync(ObjectNames.Clusters, cancellationToken)).Count > 0)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Damaged,
                "open the repository",
                ObjectNames.Repository.Value,
                $"{store.Location} holds clusters, but the record of the repository is missing",
                Hint: "Bring this one object back from a copy of the repository; its content never changes. To begin anew, "
                    + "give an empty place."));
        }
    }

    private static async ValueTask<RepositoryRecord> ReadRecordAsync(
        IObjectStore store, CancellationToken cancellationToken)
    {
        RepositoryRecord record;
        try
        {
            record = await Documents.ReadAsync(
                store,
                ObjectNames.Repository,
                ContainerKind.Repository,
                SealingKey.Public,
                RepositoryRecord.Form,
                cancellationToken);
        }
        catch (DamagedObjectException missing) when (missing.Kind == DamageKind.Missing)
        {
            await RequireNoRemainsAsync(store, cancellationToken);
            throw new LifeboatException(
                new Failure(
                    ErrorCode.NotFound,
                    "open the repository",
                    store.Location,
                    "there is no repository here",
                    Hint: "Check --repository; to make a new one there, run 'lifeboat init'."),
                missing);
        }

        return record.Features.Length == 0
            ? record
            : throw DamagedObjectException.Of(
                ObjectNames.Repository, new UnknownFormatException($"features {string.Join(", ", record.Features)}"));
    }
}
