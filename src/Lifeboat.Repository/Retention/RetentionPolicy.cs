namespace Lifeboat.Repository.Retention;

/// <summary>What is to be kept. At least one rule or a window: nothing at all would mean to remove
/// everything.</summary>
public sealed record RetentionPolicy
{
    public IReadOnlyList<KeepRule> Rules { get; init; } = [];

    /// <summary>
    /// Every point of the last so long stays recoverable, and outside it backups keep just the WAL that makes them
    /// consistent. Null: WAL is kept without a hole from the oldest backup that is kept.
    /// </summary>
    public TimeSpan? Window { get; init; }

    /// <summary>So many complete backups of each lineage stay, whatever the rules say; at least 1.</summary>
    public int Minimum { get; init; } = 1;

    /// <summary>Nothing that is younger is removed.</summary>
    public TimeSpan MinimumAge { get; init; }

    /// <summary>Only backups with this tag can be removed; null for all.</summary>
    public string? OnlyTag { get; init; }

    /// <summary>In which the periods begin and end.</summary>
    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;
}
