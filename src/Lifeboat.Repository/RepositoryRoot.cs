using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;

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
        Terms = record.Lock();
    }

    public IObjectStore Store { get; }

    public Id128 Id => _record.Id;

    public bool Encrypted => _record.Encrypted;

    /// <summary>
    /// What it promises of locks; null when its objects are not locked. A copy of such a repository in a place without
    /// object lock promises it still, and has no <see cref="IObjectStore.Locks"/>.
    /// </summary>
    public LockTerms? Terms { get; }

    /// <summary>Seals the cluster records.</summary>
    internal SealingKey Key { get; }

    internal TimeProvider Time { get; }

    /// <inheritdoc cref="InitAsync(RepositoryStores, RepositorySecret?, LockTerms?, TimeProvider, CancellationToken)"/>
    public static ValueTask<(RepositoryRoot Repository, bool Created)> InitAsync(
        IObjectStore store, RepositorySecret? secret, TimeProvider time, CancellationToken cancellationToken) =>
        InitAsync(RepositoryStores.Of(store), secret, terms: null, time, cancellationToken);

    /// <summary>Opens the repository, or makes it where the store holds none.</summary>
    /// <param name="secret">Given: the repository is (to be) encrypted.</param>
    /// <param name="terms">Given: its objects are (to be) locked so.</param>
    /// <returns>The repository, and whether it was made now.</returns>
    public static async ValueTask<(RepositoryRoot Repository, bool Created)> InitAsync(
        RepositoryStores stores,
        RepositorySecret? secret,
        LockTerms? terms,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (await stores.Unknown.StatAsync(ObjectNames.Repository, cancellationToken) is not null)
        {
            // Whoever made it may have died before it was durable; this init answers for it now.
            var opened = await OpenAsync(stores, secret, time, cancellationToken);
            if (terms is not null && opened.Terms != terms)
            {
                throw LockedOtherwise(opened);
            }

            await opened.Store.SettleAsync(ObjectNames.Keys, cancellationToken);
            await opened.Store.SettleAsync("", cancellationToken);
            return (opened, false);
        }

        await RequireNoRemainsAsync(stores.Unknown, cancellationToken);
        var store = stores.Known(terms);
        var record = new RepositoryRecord(
            Id128.NewRandom(), secret is not null, terms is null ? [] : [terms.ToString()]);
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
        return (await OpenAsync(stores, secret, time, cancellationToken), outcome == PutOutcome.Created);
    }

    /// <inheritdoc cref="OpenAsync(RepositoryStores, RepositorySecret?, TimeProvider, CancellationToken)"/>
    public static ValueTask<RepositoryRoot> OpenAsync(
        IObjectStore store, RepositorySecret? secret, TimeProvider time, CancellationToken cancellationToken) =>
        OpenAsync(RepositoryStores.Of(store), secret, time, cancellationToken);

    /// <exception cref="LifeboatException">
    /// NotFound: there is no repository. WrongKey: the secret is missing or does not open it. Damaged.
    /// </exception>
    public static async ValueTask<RepositoryRoot> OpenAsync(
        RepositoryStores stores, RepositorySecret? secret, TimeProvider time, CancellationToken cancellationToken)
    {
        var record = await stores.ReadAsync(ReadRecordAsync, record => record.Lock(), cancellationToken);
        var store = stores.Known(record.Lock());
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

        return record.Unknown().ToList() is { Count: > 0 } unknown
            ? throw DamagedObjectException.Of(
                ObjectNames.Repository, new UnknownFormatException($"features {string.Join(", ", unknown)}"))
            : record;
    }

    private static LifeboatException LockedOtherwise(RepositoryRoot there) => new(new Failure(
        ErrorCode.Conflict,
        "make the repository",
        there.Store.Location,
        there.Terms is { } terms
            ? $"it is there already, with locks of {Retention.RetentionAge.Text(terms.Duration)} in mode {LockTerms.Word(terms.Mode)}"
            : "it is there already, without locks",
        Hint: "Locks are chosen when a repository is made. Make another one, or leave --lock and --lock-mode as they were."));
}
