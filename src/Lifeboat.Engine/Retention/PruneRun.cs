using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Retention;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;

namespace Lifeboat.Engine.Retention;

/// <summary>
/// Carries out a plan of retention: looks again, puts tombstones on backups, looks again and takes them back where the floor
/// or a pin forbids them, then puts tombstones on WAL. Nothing is deleted: that is the collection's.
/// </summary>
public sealed class PruneRun(Cluster cluster, RetentionPolicy policy, TimeProvider time)
{
    private const string Operation = "carry out the plan";

    public async ValueTask<(RetentionFacts Facts, RetentionPlan Plan)> PlanAsync(CancellationToken cancellationToken)
    {
        var facts = await RetentionFactsReader.LoadAsync(cluster, time, cancellationToken);
        return (facts, RetentionPlanner.Plan(facts, policy));
    }

    /// <exception cref="LifeboatException">
    /// Conflict: something changed since the plan was made, and nothing was done; or while it was carried out, and what was
    /// done of it was taken back, as it is after errors of the store: then the failure is transient, and a new plan may do.
    /// WAL that was named by then stays named.
    /// </exception>
    public async ValueTask ApplyAsync(RetentionFacts facts, RetentionPlan plan, CancellationToken cancellationToken)
    {
        if (plan.IsEmpty)
        {
            return;
        }

        var before = await ReloadAsync(facts, cancellationToken);
        RequireUnchanged(facts, before, plan);
        var put = new TombstonePut(cluster, time);
        try
        {
            foreach (var decision in plan.Remove)
            {
                await put.ExpireAsync(
                    decision.Backup.Lineage,
                    new TombstoneRecord(
                        decision.Backup.Id, string.Join("; ", decision.Reasons), time.GetUtcNow(), plan.Id),
                    cancellationToken);
            }

            var after = await ReloadAsync(facts, cancellationToken);
            await RequireFloorAsync(facts, after, plan, cancellationToken);
            RequireWalGoing(after, plan);
        }
        catch (Exception failure)
        {
            await put.WithdrawAsync(failure);
            throw;
        }

        await ExpireWalAsync(facts, plan, cancellationToken);
    }

    private async ValueTask<RetentionFacts> ReloadAsync(RetentionFacts facts, CancellationToken cancellationToken) =>
        await RetentionFactsReader.LoadAsync(cluster, time, cancellationToken) with { Clock = facts.Clock };

    private void RequireUnchanged(RetentionFacts facts, RetentionFacts now, RetentionPlan plan)
    {
        var change = RetentionChanges.Find(facts, now);
        if (change is null)
        {
            var again = RetentionPlanner.Plan(now, policy);
            change = again.Remove.Select(decision => decision.Backup.Id)
                .SequenceEqual(plan.Remove.Select(decision => decision.Backup.Id), StringComparer.Ordinal)
                ? StaysOf(plan, again)
                : "other backups would go now";
        }

        if (change is not null)
        {
            throw Changed(change, "Nothing was done.");
        }
    }

    /// <summary>
    /// Looks from behind the tombstones: whoever pinned, expired or pruned at the same time is seen by now, or sees
    /// these.
    /// </summary>
    private async ValueTask RequireFloorAsync(
        RetentionFacts facts, RetentionFacts after, RetentionPlan plan, CancellationToken cancellationToken)
    {
        foreach (var decision in plan.Remove)
        {
            var notes = await BackupMarks.ReadAsync(
                cluster, decision.Backup.Lineage, decision.Backup.Id, cancellationToken);
            if (notes.Pin is { } pin && pin.HoldsAt(plan.Now))
            {
                throw Changed($"{decision.Backup.Id} was pinned ({pin.Reason})", "What was done of it was taken back.");
            }
        }

        foreach (var lineage in facts.Backups.GroupBy(backup => backup.Lineage))
        {
            var had = lineage.Count(backup => backup.IsComplete);
            var has = after.Backups.Count(backup => backup.Lineage == lineage.Key && backup.IsComplete);
            if (has < Math.Min(had, policy.Minimum))
            {
                throw Changed(
                    $"somebody else removed backups too, and lineage {lineage.Key} would keep {has} complete ones",
                    "What was done of it was taken back.");
            }
        }
    }

    private void RequireWalGoing(RetentionFacts after, RetentionPlan plan)
    {
        if (StaysOf(plan, RetentionPlanner.Plan(after, policy)) is { } change)
        {
            throw Changed(change, "What was done of it was taken back.");
        }
    }

    private async ValueTask ExpireWalAsync(
        RetentionFacts facts, RetentionPlan plan, CancellationToken cancellationToken)
    {
        var (put, began) = (new List<ObjectName>(), time.GetUtcNow());
        foreach (var lineage in plan.WalGoing.GroupBy(range => range.Lineage))
        {
            put.Add(await WalTombstones.PutAsync(
                cluster,
                new WalTombstoneRecord(
                    lineage.Key,
                    [.. lineage.Select(range => new WalTombstoneRange(
                        range.First.Timeline, range.First.Number, range.Last.Number))],
                    "nothing that is kept needs it",
                    plan.Id,
                    time.GetUtcNow()),
                cancellationToken));
        }

        // A backup that ended meanwhile and began long ago: it looks for these tombstones behind its manifest.
        var after = await BackupListing.LoadAsync(cluster, withNotes: false, cancellationToken);
        var hurt = after.Backups.Concat(after.Unfinished).FirstOrDefault(backup => plan.WalGoing.Any(range => range.Lineage == backup.Lineage
            && range.First.Timeline == backup.Timeline
            && range.Last.End > backup.StartLsn && range.First.Start < backup.StopLsn));
        if (hurt is not null)
        {
            if (TombstonePut.IsTooLate(began, time))
            {
                throw Changed($"the backup {hurt.Id} ended meanwhile and needs WAL that expired hours ago",
                    "This process was suspended since, so that the WAL stays expired; take a new backup.",
                    isUndone: false);
            }

            foreach (var name in put)
            {
                await cluster.Store.DeleteAsync(name, CancellationToken.None);
            }

            throw Changed($"the backup {hurt.Id} ended meanwhile and needs WAL that was to go",
                "The WAL was left alone; the backups of the plan are expired.",
                isUndone: false);
        }
    }

    /// <summary>What of the WAL that goes by one plan stays by another, in words; null when nothing does.</summary>
    private static string? StaysOf(RetentionPlan plan, RetentionPlan again)
    {
        var stays = plan.WalGoing.FirstOrDefault(range => !again.WalGoing.Any(other => other.Lineage == range.Lineage
            && other.First.Timeline == range.First.Timeline
            && other.First.Number <= range.First.Number && other.Last.Number >= range.Last.Number));
        return stays is null ? null : $"WAL that was to go is needed now ({stays.First} to {stays.Last})";
    }

    private static LifeboatException Changed(string change, string done, bool isUndone = true) => new(new Failure(
        ErrorCode.Conflict,
        Operation,
        "",
        $"the repository changed since the plan was made: {change}",
        Transient: isUndone,
        Hint: $"{done} Run 'lifeboat prune' again and look at the new plan."));
}
