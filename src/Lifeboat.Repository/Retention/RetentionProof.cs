using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Repository.Retention;

/// <summary>
/// Compares a finished plan with the promises, by other means than it was made. A plan that breaks one is a fault of
/// the
/// program, and is never shown or carried out.
/// </summary>
internal static class RetentionProof
{
    /// <exception cref="LifeboatException">Failed: a promise is broken.</exception>
    internal static void Require(RetentionFacts facts, RetentionPolicy policy, RetentionPlan plan)
    {
        var kept = plan.Keep.Select(decision => decision.Backup).ToList();
        Require(
            kept.Count + plan.Remove.Count == facts.Backups.Count,
            "a backup is neither kept nor removed, or both");
        Require(
            facts.Doubts.Count == 0 || plan.IsEmpty,
            "something goes though not all could be read");
        Require(
            plan.Remove.All(decision => decision.Backup.Pin?.HoldsAt(plan.Now) != true),
            "a pinned backup goes");
        foreach (var lineage in facts.Backups.GroupBy(backup => backup.Lineage))
        {
            var complete = lineage.Count(backup => backup.IsComplete);
            var left = kept.Count(backup => backup.Lineage == lineage.Key && backup.IsComplete);
            Require(left >= Math.Min(policy.Minimum, complete), $"lineage {lineage.Key} keeps {left} complete backups");
            Require(kept.Exists(backup => backup.Lineage == lineage.Key), $"lineage {lineage.Key} keeps no backup");
        }

        foreach (var backup in kept)
        {
            var broken = plan.WalGoing.FirstOrDefault(range => range.Lineage == backup.Lineage
                && range.First.Timeline == backup.Timeline
                && range.Last.End > backup.StartLsn && range.First.Start < backup.StopLsn);
            Require(broken is null, $"{backup.Id} would lose {broken?.First} to {broken?.Last}");
        }
    }

    private static void Require(bool holds, string broken)
    {
        if (!holds)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Failed,
                "plan what is removed",
                "",
                $"the plan breaks a promise: {broken}",
                Hint: "Nothing was removed. This is a fault of Lifeboat: please report it with the output of 'lifeboat list "
                    + "--output json'."));
        }
    }
}
