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
    private readonly WriterChecks _checks;
    private HashSet<string> _condemned = [];
    private bool _knowsAll = true;

    private WriterSession(Cluster cluster, Lease lease, WriterChecks checks)
    {
        _cluster = cluster;
        Lease = lease;
        _checks = checks;
    }

    public Lease Lease { get; }

    public static ValueTask<WriterSession> BeginAsync(Cluster cluster, CancellationToken cancellationToken) =>
        BeginAsync(cluster, new WriterChecks(), cancellationToken);

    /// <summary>What was condemned is read behind the lease: what is condemned later waits for it.</summary>
    internal static async ValueTask<WriterSession> BeginAsync(
        Cluster cluster, WriterChecks checks, CancellationToken cancellationToken)
    {
        var lease = await Lease.TakeAsync(cluster, LeasePurpose.Write, cancellationToken);
        var session = new WriterSession(cluster, lease, checks);
        if (checks.Condemned)
        {
            var lists = await CondemnedLists.LoadAsync(cluster, cancellationToken);
            session._condemned = lists.Names;
            session._knowsAll = lists.Damage.Count == 0;
        }

        return session;
    }

    /// <summary>What may be relied on; nothing when a list of what is condemned cannot be read.</summary>
    public ValueTask<FrameIndex> LoadIndexAsync(CancellationToken cancellationToken) => _knowsAll
        ? FrameIndex.LoadAsync(_cluster, cancellationToken, PacksOf(_condemned))
        : new(FrameIndex.Empty());

    /// <summary>Puts the manifest between two checks, then the completion, with which the backup exists.</summary>
    /// <param name="behindManifest">Further checks behind the manifest; null for none.</param>
    /// <returns>The manifest as it is stored.</returns>
    /// <exception cref="LifeboatException">Conflict: the lease was lost, or what the backup needs was condemned.</exception>
    public async ValueTask<BackupManifest> CommitAsync(
        BackupManifest manifest,
        IEnumerable<CatalogLine> catalog,
        Func<BackupManifest, ValueTask>? behindManifest,
        CancellationToken cancellationToken)
    {
        manifest = manifest with { Lease = Lease.Id };
        await CheckAsync(manifest, cancellationToken);
        await BackupCatalog.PutAsync(_cluster, manifest, catalog, cancellationToken);
        if (_checks.BehindManifest)
        {
            await CheckAsync(manifest, cancellationToken);
        }

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

    private async ValueTask CheckAsync(BackupManifest manifest, CancellationToken cancellationToken)
    {
        if (_checks.Lease)
        {
            await Lease.RenewAsync(cancellationToken);
        }

        if (!_checks.Condemned)
        {
            return;
        }

        // What is condemned and not cleared waits for this lease, and finds the manifest then.
        var lists = await CondemnedLists.LoadAsync(_cluster, cancellationToken);
        if (_knowsAll && lists.Damage.Count > 0)
        {
            throw lists.Damage[0];
        }

        var going = lists.Lists.Where(list => list.Cleared is not null).SelectMany(list => list.Names)
            .ToHashSet(StringComparer.Ordinal);
        if (going.IsSubsetOf(_condemned))
        {
            return;
        }

        if (manifest.MapRuns.Any(run => going.Contains(RelativeName(ObjectNames.MapRun(_cluster.Name, run)))))
        {
            throw Condemned(manifest, "its map");
        }

        var index = await FrameIndex.LoadAsync(_cluster, cancellationToken, PacksOf(going));
        foreach (var run in manifest.MapRuns)
        {
            await foreach (var entry in MapRunReader.ReadAsync(_cluster, run, cancellationToken))
            {
                if (CollectionMark.FramesOf(entry).Any(frame => index.Find(frame) is null))
                {
                    throw Condemned(manifest, $"content of {entry.Path}");
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
        if ((_checks.Condemned && lists.Names.Contains(RelativeName(name)))
            || await _cluster.Store.StatAsync(name, cancellationToken) is null)
        {
            throw Condemned(manifest, "its manifest");
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

/// <summary>Which checks a writer makes: all of them, but for tests that show that each is needed.</summary>
internal sealed record WriterChecks(bool Lease = true, bool Condemned = true, bool BehindManifest = true);
