using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Clusters;

/// <summary>The document of a cluster: its keys and its first lineage.</summary>
/// <param name="Repository">Without encryption nothing else tells it from the record of another repository.</param>
internal sealed record ClusterRecord(
    Id128 Repository, Id128 Id, string Name, byte[] DataKey, byte[] TagKey, Id128 FirstLineage);
