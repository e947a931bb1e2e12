using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.WalArchive;

/// <summary>The newest WAL of a timeline, found without a listing of all that is archived.</summary>
public static class WalTail
{
    /// <summary>
    /// Everything in the folder of the newest segment or piece: the last 4 GiB of WAL or less. Empty when the timeline has
    /// neither. What is returned is durable: a writer that died may have made it visible and no more, and a receiver goes on
    /// to tell the server that it need not keep it.
    /// </summary>
    public static async ValueTask<IReadOnlyList<WalObject>> FindAsync(
        Cluster cluster, Id128 lineage, Timeline timeline, CancellationToken cancellationToken)
    {
        var root = ObjectNames.Wal(cluster.Name, lineage);
        var folder = $"{root}{timeline.ToHex()}/";
        var children = await cluster.Store.ListChildrenAsync(folder, cancellationToken);
        foreach (var child in children.Where(child => child.EndsWith('/')).OrderDescending(StringComparer.Ordinal))
        {
            await cluster.Store.SettleAsync(folder + child, cancellationToken);
            var found = new List<WalObject>();
            await foreach (var facts in cluster.Store.ListAsync(folder + child, cancellationToken))
            {
                if (WalObject.Parse(lineage, root, facts) is { } item)
                {
                    found.Add(item);
                }
            }

            if (found.Exists(item => WalFileName.IsSegment(item.File) || WalPiece.Of(item) is not null))
            {
                return found;
            }
        }

        return [];
    }
}
