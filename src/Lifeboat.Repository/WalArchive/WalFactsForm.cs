using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.WalArchive;

/// <summary>The document of <see cref="WalFacts"/>: members as the serializer would name them.</summary>
internal static class WalFactsForm
{
    internal static DocumentForm<WalFacts> Instance { get; } = new(Write, Read);

    private static void Write(JsonText text, WalFacts facts)
    {
        text.Text("file", facts.File)
            .Number("length", facts.Length)
            .Text("tag", facts.Tag.ToString())
            .Text("predecessor", facts.Predecessor?.ToString());
        if (facts.Segment is { } segment)
        {
            Write(text.Begin("segment"), segment);
            text.End();
        }
        else
        {
            text.Text("segment", value: null);
        }

        text.Time("quietAt", facts.QuietAt);
    }

    private static void Write(JsonText text, WalSegmentSummary segment)
    {
        text.Number("format", segment.Format)
            .Text("firstRecord", segment.FirstRecord?.ToString())
            .Text("lastRecord", segment.LastRecord?.ToString())
            .Text("endOfRecords", segment.EndOfRecords?.ToString())
            .Number("commits", segment.Commits)
            .Time("leastFinishTime", segment.LeastFinishTime)
            .Time("greatestFinishTime", segment.GreatestFinishTime)
            .Time("lastCommitTime", segment.LastCommitTime)
            .Time("greatestTime", segment.GreatestTime)
            .Number("leastXid", segment.LeastXid)
            .Number("greatestXid", segment.GreatestXid)
            .Begin("restorePoints", '[');
        foreach (var point in segment.RestorePoints)
        {
            text.Begin()
                .Text("name", point.Name)
                .Text("lsn", point.Lsn.ToString())
                .Text("endLsn", point.EndLsn.ToString())
                .Time("time", point.Time)
                .End();
        }

        text.End(']')
            .Flag("continues", segment.Continues)
            .Text("unreadable", segment.Unreadable)
            .Number("continuesWith", segment.ContinuesWith);
    }

    private static WalFacts Read(JsonFields fields) => new(
        fields.Text("file"),
        fields.Number("length"),
        fields.Id("tag"),
        fields.IdOrNull("predecessor"),
        fields.ObjectOrNull("segment", ReadSegment),
        fields.OptionalTime("quietAt"));

    private static WalSegmentSummary ReadSegment(JsonFields fields) => new(
        (int)fields.Number("format", int.MinValue, int.MaxValue),
        fields.LsnOrNull("firstRecord"),
        fields.LsnOrNull("lastRecord"),
        fields.LsnOrNull("endOfRecords"),
        fields.Number("commits"),
        fields.TimeOrNull("leastFinishTime"),
        fields.TimeOrNull("greatestFinishTime"),
        fields.TimeOrNull("lastCommitTime"),
        fields.TimeOrNull("greatestTime"),
        (uint?)fields.NumberOrNull("leastXid", 0, uint.MaxValue),
        (uint?)fields.NumberOrNull("greatestXid", 0, uint.MaxValue),
        fields.Objects("restorePoints", static point => new RestorePointFacts(
            point.Text("name"), point.Lsn("lsn"), point.Lsn("endLsn"), point.Time("time"))),
        fields.Flag("continues"),
        fields.TextOrNull("unreadable"),
        (byte?)fields.OptionalNumber("continuesWith", 0, byte.MaxValue));
}
