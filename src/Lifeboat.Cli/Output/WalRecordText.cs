using System.Globalization;
using System.Text;
using Lifeboat.Engine.Wal.Show;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Cli.Output;

/// <summary>Records and their summaries for people: a record is a line.</summary>
internal static class WalRecordText
{
    private const int MostRelations = 20;

    public static void Print(TextWriter output, in WalRecord record)
    {
        var line = new StringBuilder();
        line.Append(
            CultureInfo.InvariantCulture,
            $"{record.Lsn,-17} prev {record.PrevLsn,-17} {ResourceManagerNames.Of(record.RmgrId),-11} ");
        line.Append(CultureInfo.InvariantCulture, $"len {record.TotalLength,6} tx {record.Xid.Value,10}");
        if (RecordDescription.Of(record) is { } description)
        {
            line.Append("  ").Append(description.Text);
        }

        foreach (var block in record.Blocks)
        {
            line.Append(CultureInfo.InvariantCulture, $"  {block.Relation}");
            if (block.Fork != RelationFork.Main)
            {
                line.Append(' ').Append(ResourceManagerNames.Of(block.Fork));
            }

            line.Append(CultureInfo.InvariantCulture, $" block {block.Block}");
            if (block.HasImage)
            {
                line.Append(" FPI");
            }
        }

        output.WriteLine(line);
    }

    public static void Print(TextWriter output, WalSegmentName segment, WalRangeSummary summary)
    {
        output.WriteLine($"{segment}: {summary.First} to {summary.End}");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {summary.Records} records, {Quantities.Bytes(summary.Bytes)}, {summary.Commits} commits, {summary.Aborts} aborts"));
        if (summary.LeastTime is { } least)
        {
            output.WriteLine($"  ended from {least} to {summary.GreatestTime}");
        }

        var rmgrs = new TextTable("  RMGR", ">RECORDS", ">SIZE", ">IMAGES", ">IMAGE SIZE");
        foreach (var (name, count) in summary.Rmgrs)
        {
            rmgrs.Add(
                "  " + name, Text(count.Records), Quantities.Bytes(count.Bytes), Text(count.Images),
                Quantities.Bytes(count.ImageBytes));
        }

        rmgrs.Print(output);
        var relations = new TextTable("  RELATION", "FORK", ">BLOCKS");
        var all = summary.Relations.ToList();
        foreach (var (relation, fork, blocks) in all.Take(MostRelations))
        {
            relations.Add("  " + relation, ResourceManagerNames.Of(fork), Text(blocks));
        }

        if (all.Count > 0)
        {
            relations.Print(output);
        }

        if (all.Count > MostRelations)
        {
            output.WriteLine($"  and {Text(all.Count - MostRelations)} more; --output json has all");
        }

        output.WriteLine();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
