using Lifeboat.Repository.Containers;

namespace Lifeboat.Repository.Check;

/// <summary>How bad a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>Worth knowing: what no backup needs, packs that no index run lists.</summary>
    Information,

    /// <summary>Something a person should look at, which no backup or point in time suffers from.</summary>
    Warning,

    /// <summary>Something stored is not what was written, or something needed lacks.</summary>
    Damage,
}

/// <summary>One thing that a check found.</summary>
/// <param name="Object">The object's name; of what lacks, the name it would have.</param>
/// <param name="Kind">In which way; null when nothing is wrong with the object itself.</param>
/// <param name="HurtBackups">Ids of the backups that cannot be restored whole because of it.</param>
/// <param name="HurtPoints">Points in time that cannot be recovered because of it.</param>
public sealed record CheckFinding(
    string Object,
    FindingSeverity Severity,
    DamageKind? Kind,
    string Detail,
    IReadOnlyList<string> HurtBackups,
    IReadOnlyList<HurtPoints> HurtPoints);

/// <summary>Points in time behind a break of the WAL.</summary>
/// <param name="Lineage">Its id.</param>
/// <param name="Timeline">In decimal.</param>
/// <param name="Segment">The first segment that lacks or is damaged.</param>
/// <param name="From">Recovery cannot come beyond this LSN.</param>
/// <param name="To">Behind the last segment concerned.</param>
/// <param name="Backups">The backups from which recovery would have gone through here.</param>
public sealed record HurtPoints(
    string Lineage, uint Timeline, string Segment, string From, string To, IReadOnlyList<string> Backups)
{
    public override string ToString() =>
        $"recovery beyond {From} on timeline {Timeline} from {string.Join(", ", Backups)} is not possible";
}

/// <summary>Everything that a check found, and how much it looked at.</summary>
/// <param name="Findings">The worst first, then by object name.</param>
/// <param name="Objects">Objects in the store.</param>
/// <param name="Backups">Backups that exist (expired ones not counted).</param>
/// <param name="BytesRead">Plaintext of frames and WAL that was decoded and compared; 0 without reading data.</param>
/// <param name="ReadData">Whether contents were compared; without, damage to payloads was not looked for.</param>
public sealed record CheckReport(
    IReadOnlyList<CheckFinding> Findings, long Objects, int Backups, long BytesRead, bool ReadData)
{
    public bool HasDamage => Findings.Any(finding => finding.Severity == FindingSeverity.Damage);
}
