using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Clusters;

/// <summary>One unbroken history of a cluster.</summary>
/// <param name="SystemIdentifier">Of the PostgreSQL cluster.</param>
/// <param name="SegmentSize">Bytes of a WAL segment.</param>
/// <param name="Major">PostgreSQL's major version.</param>
/// <param name="Parent">Where it came from; null for the first.</param>
public sealed record LineageRecord(
    Id128 Id, string SystemIdentifier, int SegmentSize, int Major, LineageOrigin? Parent)
{
    internal static DocumentForm<LineageRecord> Form { get; } = new(
        static (text, record) =>
        {
            text.Text("id", record.Id.ToString())
                .Text("systemIdentifier", record.SystemIdentifier)
                .Number("segmentSize", record.SegmentSize)
                .Number("major", record.Major);
            if (record.Parent is { } parent)
            {
                text.Begin("parent")
                    .Text("lineage", parent.Lineage.ToString())
                    .Text("backup", parent.Backup)
                    .Number("timeline", parent.Timeline.Value)
                    .Text("from", parent.From.ToString())
                    .End();
            }
            else
            {
                text.Text("parent", value: null);
            }
        },
        static fields => new LineageRecord(
            fields.Id("id"),
            fields.Text("systemIdentifier"),
            (int)fields.Number("segmentSize", int.MinValue, int.MaxValue),
            (int)fields.Number("major", int.MinValue, int.MaxValue),
            fields.ObjectOrNull("parent", static parent => new LineageOrigin(
                parent.Id("lineage"), parent.Text("backup"), parent.Timeline("timeline"), parent.Lsn("from")))));
}

/// <summary>The point at which a restore left the history of its source.</summary>
/// <param name="Lineage">The source's lineage.</param>
/// <param name="Backup">The backup that was restored.</param>
/// <param name="Timeline">The timeline that the restore followed.</param>
/// <param name="From">The stop position of the backup: nothing after it is certain to be shared.</param>
public sealed record LineageOrigin(Id128 Lineage, string Backup, Timeline Timeline, Lsn From);
