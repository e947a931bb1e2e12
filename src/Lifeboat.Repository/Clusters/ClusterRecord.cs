using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Clusters;

/// <summary>The document of a cluster: its keys and its first lineage.</summary>
internal sealed record ClusterRecord(Id128 Id, string Name, byte[] DataKey, byte[] TagKey, Id128 FirstLineage);
