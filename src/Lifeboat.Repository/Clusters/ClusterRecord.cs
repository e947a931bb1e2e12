using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Clusters;

/// <summary>The document of a cluster: its keys and its first lineage.</summary>
/// <param name="Repository">Without encryption nothing else tells it from the record of another repository.</param>
internal sealed record ClusterRecord(
    Id128 Repository, Id128 Id, string Name, byte[] DataKey, byte[] TagKey, Id128 FirstLineage)
{
    internal static DocumentForm<ClusterRecord> Form { get; } = new(
        static (text, record) => text.Text("repository", record.Repository.ToString())
            .Text("id", record.Id.ToString())
            .Text("name", record.Name)
            .Text("dataKey", Convert.ToBase64String(record.DataKey))
            .Text("tagKey", Convert.ToBase64String(record.TagKey))
            .Text("firstLineage", record.FirstLineage.ToString()),
        static fields => new ClusterRecord(
            fields.Id("repository"),
            fields.Id("id"),
            fields.Text("name"),
            fields.Bytes("dataKey"),
            fields.Bytes("tagKey"),
            fields.Id("firstLineage")));
}
