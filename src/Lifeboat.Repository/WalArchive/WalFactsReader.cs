using Lifeboat.Repository.Clusters;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// The facts of archived WAL files: of many segments at once from a catalog, where one is there that speaks of this very
/// object, else from the object. All members may be called at the same time.
/// </summary>
public sealed class WalFactsReader(Cluster cluster)
{
    public Cluster Cluster => cluster;

    /// <exception cref="Platform.Errors.LifeboatException">The object is damaged, or an error of the store.</exception>
    public ValueTask<WalFacts> ReadAsync(WalObject item, CancellationToken cancellationToken) =>
        WalStore.ReadFactsAsync(cluster, item, cancellationToken);
}
