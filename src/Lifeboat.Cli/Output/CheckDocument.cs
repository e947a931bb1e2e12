using Lifeboat.Repository.Check;

namespace Lifeboat.Cli.Output;

/// <summary>Everything that a check found.</summary>
/// <param name="ReadData">Whether contents were read; without, damage inside of them was not looked for.</param>
internal sealed record CheckDocument(
    bool Damaged, bool ReadData, long Objects, int Backups, long BytesRead,
    double DurationSeconds, FindingDocument[] Findings)
{
    public static CheckDocument Of(CheckReport report, TimeSpan duration) => new(
        report.HasDamage,
        report.ReadData,
        report.Objects,
        report.Backups,
        report.BytesRead,
        Math.Round(duration.TotalSeconds, 3),
        [.. report.Findings.Select(FindingDocument.Of)]);
}

/// <param name="Severity">information, warning or damage.</param>
/// <param name="Kind">damaged, missing, swapped, foreign, forged, inconsistent; null when the object is as it
/// was.</param>
/// <param name="HurtBackups">Ids of the backups that cannot be restored whole because of it.</param>
/// <param name="HurtPoints">Points in time that cannot be recovered because of it.</param>
internal sealed record FindingDocument(
    string Object, string Severity, string? Kind, string Detail, string[] HurtBackups, HurtPointsDocument[] HurtPoints)
{
    public static FindingDocument Of(CheckFinding finding) => new(
        finding.Object,
        finding.Severity.ToString().ToLowerInvariant(),
        finding.Kind?.ToString().ToLowerInvariant(),
        finding.Detail,
        [.. finding.HurtBackups],
        [.. finding.HurtPoints.Select(points => new HurtPointsDocument(
            points.Lineage, points.Timeline, points.Segment, points.From, points.To, [.. points.Backups]))]);
}

internal sealed record HurtPointsDocument(
    string Lineage, uint Timeline, string Segment, string From, string To, string[] Backups)
{
    public override string ToString() =>
        $"recovery beyond {From} on timeline {Timeline}, from {string.Join(", ", Backups)}";
}
