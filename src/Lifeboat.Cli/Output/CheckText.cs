using System.Globalization;

namespace Lifeboat.Cli.Output;

/// <summary>A check for people.</summary>
internal static class CheckText
{
    public static void Print(TextWriter output, CheckDocument check)
    {
        foreach (var finding in check.Findings)
        {
            var kind = finding.Kind is null ? "" : $"{finding.Kind}: ";
            output.WriteLine($"{finding.Severity.ToUpperInvariant(),-12}{finding.Object}: {kind}{finding.Detail}");
            if (finding.HurtBackups.Length > 0)
            {
                output.WriteLine($"            hurts backups {string.Join(", ", finding.HurtBackups)}");
            }

            foreach (var points in finding.HurtPoints)
            {
                output.WriteLine($"            hurts {points}");
            }
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Checked {Quantities.Count(check.Objects, "object")} and {Quantities.Count(check.Backups, "backup")} in "
            + $"{Quantities.Duration(TimeSpan.FromSeconds(check.DurationSeconds))}"
            + $"{(check.ReadData ? $", {Quantities.Bytes(check.BytesRead)} read and compared" : "")}."));
        output.WriteLine(check.Damaged ? "DAMAGE WAS FOUND." : "No damage was found.");
        if (!check.ReadData)
        {
            output.WriteLine("Contents were not read; 'lifeboat check --read-data' does that.");
        }
    }
}
