using System.Globalization;

namespace Lifeboat.Cli.Output;

/// <summary>Locks for people.</summary>
internal static class LockText
{
    public static void Print(TextWriter output, LockRenewDocument document)
    {
        foreach (var cluster in document.Clusters)
        {
            output.WriteLine(cluster.Failures.Length > 0
                ? $"{cluster.Cluster}: NOT EVERYTHING COULD BE LOCKED."
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{cluster.Cluster}: {Quantities.Count(cluster.Objects, "object")}, locked until {Quantities.Time(cluster.LockedUntil)} "
                    + $"or longer; {(cluster.Renewed ? $"{cluster.Extended} were extended" : "nothing was due")}. "
                    + $"The next renewal is due at {Quantities.Time(cluster.NextAt)}."));
            ListText.Section(output, "Not locked for long enough:", cluster.Failures);
        }
    }

    public static void Print(TextWriter output, ImmutableDocument check)
    {
        output.WriteLine("Attacks on a canary, with these credentials:");
        foreach (var attack in check.Tried)
        {
            output.WriteLine($"  {attack}");
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Locks asked for: {string.Join(", ", check.Sampled.Select(pair => $"{pair.Value} {pair.Key}"))} of "
            + $"{Quantities.Count(check.Objects, "object")}"
            + $"{(check.EarliestEnd is { } end ? $"; the first ends at {Quantities.Time(end)}" : "")}."));
        ListText.Section(output, "Overlaid (the first version is read):", check.Overlaid);
        ListText.Section(output, "GAVE WAY:", check.Findings);
        output.WriteLine(check.Immutable ? "Nothing gave way." : "THIS REPOSITORY IS NOT IMMUTABLE.");
    }
}
