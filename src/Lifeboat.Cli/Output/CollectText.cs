namespace Lifeboat.Cli.Output;

/// <summary>A collection for people.</summary>
internal static class CollectText
{
    public static void Print(TextWriter output, CollectDocument collection)
    {
        var (deleted, condemned) = collection.Applied ? ("Deleted", "Condemned") : ("Would delete", "Would condemn");
        output.WriteLine($"{deleted}: {Describe(collection.Deleted)}.");
        output.WriteLine($"{condemned}: {Describe(collection.Condemned)}{Kinds(collection.Condemned)}.");
        if (collection.Repacked is { Packs: > 0 } repacked)
        {
            output.WriteLine(
                $"{(collection.Applied ? "Written anew" : "Would write anew")}: {Quantities.Bytes(repacked.LiveBytes)} that is "
                + $"needed of {Quantities.Count(repacked.Packs, "pack")} of {Quantities.Bytes(repacked.Bytes)}, which can go "
                + "a day later.");
        }

        if (collection.Spared.Length > 0)
        {
            output.WriteLine($"Spared, since it is needed: {Quantities.Count(collection.Spared.Length, "object")}.");
        }

        ListText.Section(
            output,
            "Condemned, and waits:",
            collection.Waiting.Where(wait => collection.Applied || wait.Objects > 0).Select(wait =>
                $"{Quantities.Count(wait.Objects, "object")}, {Quantities.Bytes(wait.Bytes)}: {wait.Why}"
                + (wait.At is { } at ? $"; goes on at {Quantities.Time(at)}" : "")));
        ListText.Section(
            output,
            "Expired, and left alone for now:",
            collection.Expired.Select(item => $"{item.Backup} until {Quantities.Time(item.Until)}"));
        ListText.Section(output, "NOT CERTAIN, so that nothing is deleted:", collection.Doubts);
        output.WriteLine();
        output.WriteLine(Next(collection));
    }

    /// <summary>One sentence: when a later run will do more.</summary>
    public static string Next(CollectDocument collection) =>
        (collection.NextAt is { } at
            ? $"A run at {Quantities.Time(at)} or later goes on."
            : collection.Waiting.Length > 0 ? "A later run goes on." : "Nothing else waits.")
        + (collection.Applied ? "" : " Nothing was changed: --apply carries it out.");

    public static string Describe(CollectObjects objects) =>
        $"{Quantities.Count(objects.Objects, "object")}, {Quantities.Bytes(objects.Bytes)}";

    private static string Kinds(CollectObjects objects) => objects.Objects == 0
        ? ""
        : " (" + string.Join("; ", objects.Items.GroupBy(item => item.Why, StringComparer.Ordinal)
            .OrderByDescending(group => group.Sum(item => item.Bytes)).Take(4)
            .Select(group => $"{group.Count()}: {group.Key}")) + ")";
}
