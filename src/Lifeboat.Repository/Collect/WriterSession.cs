using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Leases;
using Lifeboat.Repository.Maps;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// Protects one backup from the collection: a lease from before anything is relied on, an index without what is condemned,
/// and the checks around the manifest. A backup exists when its completion does, and that comes behind the last check: a
/// writer that wakes too late leaves a manifest that nobody lists.
/// </summary>
public sealed class WriterSession : IAsyncDisposable
{
    private const string Operation = "complete the backup";

    private readonly Cluster _cluster;
    private readonly HashSet<string> _condemned;
    private readonly bool _knowsAll;

    private WriterSession(Cluster cluster, Lease lease, CondemnedLists lists)
    {
        _cluster = cluster;
        Lease = lease;
        _condemned = lists.Names;
        _knowsAll = lists.Damage.Count == 0;
        Damage = lists.Damage;
    }

    public Lease Lease { get; }

    /// <summary>Lists of what is condemned that cannot be read: then nothing that is stored is relied on.</summary>
    public IReadOnlyList<DamagedObjectException> Damage { get; }

    /// <summary>What was condemned is read behind the lease: what is condemned later waits for it.</summary>
    public static async ValueTask<WriterSession> BeginAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var lease = await Lease.TakeAsync(cluster, LeasePurpose.Write, cancellationToken);
        try
        {
            return new WriterSession(cluster, lease, await CondemnedLists.LoadAsync(cluster, cancellationToken));
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    /// <summary>What may be relied on; nothing when a list of what is condemned cannot be read.</summary>
    public ValueTask<FrameIndex> LoadIndexAsync(CancellationToken cancellationToken) => _knowsAll
        ? FrameIndex.LoadAsync(_cluster, PacksOf(_condemned), cancellationToken)
        : new(FrameIndex.Empty());

    /// <summary>
    /// Whether a backup that is listed may be built on: not when its manifest was condemned, which was completed too late then.
    /// </summary>
    public bool MayBuildOn(BackupManifest parent) => _knowsAll
        && !_condemned.Contains(RelativeName(ObjectNames.Manifest(_cluster.Name, parent.Lineage, parent.Id)));

    /// <summary>Puts the manifest between two checks, then the completion, with which the backup exists.</summary>
    /// <param name="behindManifest">Further checks behind the manifest; null for none.</param>
    /// <returns>The manifest as it is stored.</returns>
    /// <exception cref="LifeboatException">Conflict: the lease was lost, or what the backup needs was condemned.</exception>
    public async ValueTask<BackupManifest> CommitAsync(
        BackupManifest manifest,
        IEnumerable<CatalogLine> catalog,
        Func<BackupManifest, Task>? behindManifest,
        CancellationToken cancellationToken)
    {
        manifest = manifest with { Lease = Lease.Id };
        await CheckAsync(manifest, cancellationToken);
        await BackupCatalog.PutAsync(_cluster, manifest, catalog, cancellationToken);
        await CheckAsync(manifest, cancellationToken);
        if (behindManifest is not null)
        {
            await behindManifest(manifest);
        }

        await Documents.PutAsync(
            _cluster.Store,
            ObjectNames.Completion(_cluster.Name, manifest.Lineage, manifest.Id),
            ContainerKind.Completion,
            _cluster.DataKey,
            RepositoryJson.Default.CompletionRecord,
            new CompletionRecord(manifest.Id, Lease.Id, _cluster.Time.GetUtcNow()),
            _cluster.Time.GetUtcNow(),
            cancellationToken);
        await RequireManifestAsync(manifest, cancellationToken);
        return manifest;
    }

    public ValueTask DisposeAsync() => Lease.DisposeAsync();

    /// <summary>
    /// The lists before the lease: they are looked at while it holds. Whoever sleeps between the two finds that it does not,
    /// and as long as it does no list is forgotten that this backup had to see.
    /// </summary>
    private async ValueTask CheckAsync(BackupManifest manifest, CancellationToken cancellationToken)
    {
        var lists = await CondemnedLists.LoadAsync(_cluster, cancellationToken);
        if (_knowsAll && lists.Damage.Count > 0)
        {
            throw lists.Damage[0];
        }

        // What is condemned and not cleared waits for this lease, or is marked again when the manifest can be seen. What had
        // been condemned when this began was not relied on, but through a backup that is there and for which it stays.
        var going = CondemnedLists.NamesOf(lists.Lists.Where(list => list.Cleared is not null));
        going.ExceptWith(_condemned);
        if (going.Count > 0)
        {
            await RequireNothingOfAsync(going, manifest, cancellationToken);
        }

        await Lease.RenewAsync(cancellationToken);
    }

    private async ValueTask RequireNothingOfAsync(
        HashSet<string> going, BackupManifest manifest, CancellationToken cancellationToken)
    {
        if (manifest.MapRuns.Any(run => going.Contains(RelativeName(ObjectNames.MapRun(_cluster.Name, run)))))
        {
            throw Condemned(manifest, "its map");
        }

        var packs = PacksOf(going);
        using var index = await FrameIndex.LoadAsync(_cluster, packs, cancellationToken);
        var known = new HashSet<Id128>();
        foreach (var run in manifest.MapRuns)
        {
            await foreach (var entry in MapRunReader.ReadAsync(_cluster, run, from: [], cancellationToken))
            {
                foreach (var frame in entry.FrameIds.Where(known.Add))
                {
                    if ((await index.FindAllAsync(frame, cancellationToken)).Count == 0)
                    {
                        throw Condemned(manifest, $"content of {entry.Path}");
                    }
                }
            }
        }
    }

    /// <summary>
    /// A manifest without a completion is condemned when it is old. This one was, or it was not and the completion is seen
    /// before it goes.
    /// </summary>
    private async ValueTask RequireManifestAsync(BackupManifest manifest, CancellationToken cancellationToken)
    {
        var name = ObjectNames.Manifest(_cluster.Name, manifest.Lineage, manifest.Id);
        var lists = await CondemnedLists.LoadAsync(_cluster, cancellationToken);
        if (!lists.Names.Contains(RelativeName(name)) && await _cluster.Store.StatAsync(name, cancellationToken) is not null)
        {
            return;
        }

        await TakeBackAsync(manifest, cancellationToken);
        throw Condemned(manifest, "its manifest");
    }

    /// <summary>By deleting the completion; where that is locked, or may not be deleted, by a tombstone.</summary>
    private async ValueTask TakeBackAsync(BackupManifest manifest, CancellationToken cancellationToken)
    {
        try
        {
            await _cluster.Store.DeleteAsync(
                ObjectNames.Completion(_cluster.Name, manifest.Lineage, manifest.Id), cancellationToken);
        }
        catch (LifeboatException refused) when (refused.Code == ErrorCode.Denied)
        {
            await BackupCatalog.ExpireAsync(
                _cluster,
                manifest.Lineage,
                new TombstoneRecord(manifest.Id, "its manifest was condemned before it was complete", _cluster.Time.GetUtcNow()),
                cancellationToken);
        }
    }

    private string RelativeName(ObjectName name) => name.Value[ObjectNames.ClusterRoot(_cluster.Name).Length..];

    private static HashSet<Id128> PacksOf(IEnumerable<string> names) => names
        .Where(name => name.StartsWith("packs/", StringComparison.Ordinal))
        .Select(name => Id128.TryParse(name.AsSpan("packs/".Length), out var id) ? id : default)
        .ToHashSet();

    private static LifeboatException Condemned(BackupManifest manifest, string what) => new(new Failure(
        ErrorCode.Conflict,
        Operation,
        manifest.Id,
        $"{what} was given up by a collection while it was taken: this run had lost its lease",
        Transient: true,
        Hint: "Run the backup again. It is not listed, and what it stored is used again or given back."));
}
