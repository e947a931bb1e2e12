using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Retention;

namespace Lifeboat.Cli.Output;

/// <summary>A plan of retention.</summary>
/// <param name="Plan">The same for every plan that removes the same.</param>
/// <param name="Now">The time that ages are counted from.</param>
/// <param name="Applied">Whether it was carried out.</param>
/// <param name="Keep">Oldest first.</param>
/// <param name="Remove">Oldest first.</param>
internal sealed record PruneDocument(
    string Cluster,
    string Plan,
    DateTimeOffset Now,
    bool Applied,
    PrunePolicy Policy,
    PruneBackup[] Keep,
    PruneBackup[] Remove,
    PruneWal Wal,
    PruneTotals Totals,
    string[] Warnings)
{
    /// <summary>What became of the space; null when no collection was run.</summary>
    public CollectDocument? Collection { get; init; }

    public static PruneDocument Of(string cluster, RetentionPolicy policy, RetentionPlan plan, bool applied) => new(
        cluster,
        plan.Id,
        plan.Now,
        applied,
        PrunePolicy.Of(policy),
        [.. plan.Keep.Select(PruneBackup.Of)],
        [.. plan.Remove.Select(PruneBackup.Of)],
        new PruneWal(
            [
                .. plan.WalKept
                    .GroupBy(range => (range.Lineage, range.Timeline, range.Size, range.First, range.Last))
                    .Select(group => new PruneWalKept(
                        group.Key.Lineage.ToString(),
                        group.Key.Timeline.Value,
                        Name(group.Key.Timeline, group.Key.First, group.Key.Size),
                        group.Key.Last is { } last ? Name(group.Key.Timeline, last, group.Key.Size) : null,
                        [.. group.Select(range => range.Why)])),
            ],
            [.. plan.WalGoing.Select(range => new PruneWalGoing(
                range.Lineage.ToString(),
                range.First.Timeline.Value,
                range.First.ToString(),
                range.Last.ToString(),
                range.Count,
                range.Bytes))]),
        new PruneTotals(
            plan.Keep.Count,
            plan.Remove.Count,
            plan.WalGoing.Aggregate(0UL, (sum, range) => sum + range.Count),
            plan.WalGoing.Sum(range => range.Bytes)),
        [.. plan.Warnings]);

    private static string Name(Timeline timeline, ulong number, WalSegmentSize size) =>
        new WalSegmentName(timeline, number, size).ToString();
}

/// <summary>What was asked for, as it was understood.</summary>
internal sealed record PrunePolicy(
    string[] Keep, string? Window, int Minimum, string? MinimumAge, string? Tag, string TimeZone)
{
    public static PrunePolicy Of(RetentionPolicy policy) => new(
        [.. policy.Rules.Select(rule => rule.ToString())],
        policy.Window is { } window ? RetentionAge.Text(window) : null,
        policy.Minimum,
        policy.MinimumAge > TimeSpan.Zero ? RetentionAge.Text(policy.MinimumAge) : null,
        policy.OnlyTag,
        policy.TimeZone.Id);
}

/// <param name="Incomplete">Why it does not count as a backup that can be restored; null when it does.</param>
/// <param name="Reasons">Why it stays or goes.</param>
internal sealed record PruneBackup(
    string Id,
    string Lineage,
    uint Timeline,
    DateTimeOffset StopTime,
    string[] Tags,
    PinDocument? Pin,
    string? Incomplete,
    string[] Reasons)
{
    public static PruneBackup Of(BackupDecision decision) => new(
        decision.Backup.Id,
        decision.Backup.Lineage.ToString(),
        decision.Backup.Timeline.Value,
        decision.Backup.StopTime,
        [.. decision.Backup.Tags],
        PinDocument.Of(decision.Backup.Pin),
        decision.Backup.Incomplete,
        [.. decision.Reasons]);
}

internal sealed record PruneWal(PruneWalKept[] Keep, PruneWalGoing[] Remove);

/// <param name="Last">Null: and all that come behind it.</param>
internal sealed record PruneWalKept(string Lineage, uint Timeline, string First, string? Last, string[] Reasons);

internal sealed record PruneWalGoing(
    string Lineage, uint Timeline, string First, string Last, ulong Segments, long Bytes);

/// <param name="WalBytes">That are stored for the segments that go.</param>
internal sealed record PruneTotals(int Keep, int Remove, ulong WalSegments, long WalBytes);
