using System.Globalization;

namespace Lifeboat.Cli.Output;

/// <summary>A plan of retention for people.</summary>
internal static class PruneText
{
    public static void Print(TextWriter output, PruneDocument plan)
    {
        if (plan.Keep.Length + plan.Remove.Length == 0)
        {
            output.WriteLine($"Cluster {plan.Cluster} has no backup.");
        }
        else
        {
            PrintBackups(output, plan);
        }

        ListText.Section(output, "WAL that stays:", Widest(plan.Wal.Keep).Select(Describe));
        ListText.Section(output, "WAL that goes:", plan.Wal.Remove.Select(Describe));
        output.WriteLine();
        output.WriteLine(Sum(plan));
        if (plan.Collection is { } collection)
        {
            output.WriteLine(
                $"Space: deleted {CollectText.Describe(collection.Deleted)}; condemned "
                + $"{CollectText.Describe(collection.Condemned)}. {CollectText.Next(collection)}");
            ListText.Section(output, "NOT CERTAIN, so that nothing is deleted:", collection.Doubts);
        }
        else if (plan.Applied && plan.Totals.Remove + (long)plan.Totals.WalSegments > 0)
        {
            output.WriteLine("'lifeboat collect --apply' gives their space back.");
        }
    }

    private static void PrintBackups(TextWriter output, PruneDocument plan)
    {
        var removed = plan.Remove.Select(backup => backup.Id).ToHashSet(StringComparer.Ordinal);
        var table = new TextTable("BACKUP", "ENDED", "", "WHY");
        foreach (var backup in plan.Keep.Concat(plan.Remove).OrderBy(backup => backup.Id, StringComparer.Ordinal))
        {
            table.Add(
                backup.Id,
                Quantities.Time(backup.StopTime),
                removed.Contains(backup.Id) ? "goes" : "stays",
                string.Join("; ", backup.Reasons).ReplaceLineEndings(" "));
        }

        table.Print(output);
    }

    /// <summary>What lies within another range is not said again; programs get all of them.</summary>
    private static IEnumerable<PruneWalKept> Widest(PruneWalKept[] ranges)
    {
        var open = ranges.Where(range => range.Last is null).ToLookup(range => (range.Lineage, range.Timeline));
        return ranges.Where(range => !open[(range.Lineage, range.Timeline)].Any(wide => wide != range
            && string.CompareOrdinal(wide.First, range.First) is var order
            && (order < 0 || (order == 0 && range.Last is not null))));
    }

    private static string Describe(PruneWalKept wal)
    {
        var to = wal.Last is null ? "from " + wal.First + " on" : wal.Last == wal.First ? wal.First : $"{wal.First} to {wal.Last}";
        return $"{to} in lineage {wal.Lineage[..8]}: {string.Join("; ", wal.Reasons)}";
    }

    private static string Describe(PruneWalGoing wal) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(wal.Segments == 1 ? wal.First : $"{wal.First} to {wal.Last} ({wal.Segments} segments)")} in lineage "
        + $"{wal.Lineage[..8]}, {Quantities.Bytes(wal.Bytes)}");

    private static string Sum(PruneDocument plan)
    {
        var goes = $"{Quantities.Count(plan.Totals.Remove, "backup")} and {Quantities.Count((long)plan.Totals.WalSegments, "WAL segment")}";
        var stays = $"{Quantities.Count(plan.Totals.Keep, "backup")} {(plan.Totals.Keep == 1 ? "stays" : "stay")}";
        return plan.Totals is { Remove: 0, WalSegments: 0 } ? $"Nothing goes; {stays}."
            : plan.Applied ? $"Expired: {goes} (plan {plan.Plan}); {stays}."
            : $"Would go: {goes} (plan {plan.Plan}); {stays}. Nothing was changed: --apply carries it out.";
    }
}
