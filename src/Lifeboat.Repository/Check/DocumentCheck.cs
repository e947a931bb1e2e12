using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Frames;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Check;

/// <summary>
/// Reads what only collections and renewals of locks go by: completions, leases, lists of condemned objects, renewals. No backup
/// suffers when one is damaged, but space no longer comes back, or locks end.
/// </summary>
internal sealed class DocumentCheck(Cluster cluster, StoredCluster stored, FindingList findings)
{
    private const int MostAtOnce = 16;

    internal async ValueTask RunAsync(CancellationToken cancellationToken) => await Parallel.ForEachAsync(
        stored.Documents.Concat(stored.Lineages.Values.SelectMany(lineage => lineage.Completions.Values)
            .Select(facts => (facts.Name, Kind: ContainerKind.Completion, facts.Size))),
        RequestsAtOnce.Options(MostAtOnce, cancellationToken),
        (document, token) => ReadAsync(document.Name, document.Kind, document.Size, token));

    private async ValueTask ReadAsync(ObjectName name, ContainerKind kind, long size, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 1);
        try
        {
            using var reader = await ContainerReader.OpenAsync(
                cluster.Store, name, kind, cluster.DataKey, compressor, size, cancellationToken);
            for (var frame = 0; frame < reader.Frames; frame++)
            {
                await reader.ReadFrameAsync(frame, cancellationToken);
            }
        }
        catch (DamagedObjectException gone) when (gone.Kind == DamageKind.Missing)
        {
            // Each of these goes when its time has come.
        }
        catch (DamagedObjectException damage)
        {
            findings.Add(
                name.Value,
                kind == ContainerKind.Lease ? FindingSeverity.Warning : FindingSeverity.Damage,
                damage.Kind,
                $"{damage.Detail}; {Consequence(kind)}");
        }
    }

    private static string Consequence(ContainerKind kind) => kind switch
    {
        ContainerKind.Lease => "collections wait until it has ended, by the time at which it was put",
        ContainerKind.Renewal => "locks are renewed anew",
        ContainerKind.Completion => "its backup counts as complete, since it is there",
        _ => "nothing is deleted by it, and nothing that it could name is relied on",
    };
}
