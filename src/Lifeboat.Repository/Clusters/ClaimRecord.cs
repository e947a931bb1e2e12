using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Clusters;

/// <summary>Who archives a timeline of a lineage.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Directory">The data directory, links resolved.</param>
/// <param name="Inode">Of the data directory: tells a clone that took its source's place.</param>
public sealed record ClaimRecord(
    Id128 Lineage,
    Timeline Timeline,
    string Host,
    [property: System.Text.Json.Serialization.JsonConverter(typeof(PathConverter))] string Directory,
    ulong Inode)
{
    internal static DocumentForm<ClaimRecord> Form { get; } = new(
        static (text, record) => text.Text("lineage", record.Lineage.ToString())
            .Number("timeline", record.Timeline.Value)
            .Text("host", record.Host)
            .Text("directory", PathConverter.Escape(record.Directory))
            .Number("inode", record.Inode),
        static fields => new ClaimRecord(
            fields.Id("lineage"),
            fields.Timeline("timeline"),
            fields.Text("host"),
            PathConverter.Unescape(fields.Text("directory")),
            fields.Unsigned("inode")));

    public bool IsSameServer(ClaimRecord other) =>
        Host == other.Host && Directory == other.Directory && Inode == other.Inode;
}
