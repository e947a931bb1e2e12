using System.Globalization;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Retention;

namespace Lifeboat.Engine.Retention;

/// <summary>Expires one backup that somebody names, with the same floor as a plan.</summary>
/// <param name="minimum">So many complete backups must be left.</param>
/// <param name="lastOfLineage">Whether its lineage may be left without any; the cluster never.</param>
public sealed class ExpireOne(Cluster cluster, int minimum, bool lastOfLineage, TimeProvider time)
{
    private const string Operation = "expire the backup";

    /// <summary>Finds it and makes sure that it may go; nothing is changed.</summary>
    /// <param name="id">Its id, the beginning of it, or latest; of one whose manifest cannot be read the whole
    /// id.</param>
    /// <exception cref="LifeboatException">NotFound, Usage: no such backup, or several. Denied: it must
    /// stay.</exception>
    public async ValueTask<ExpirePlan> PlanAsync(string id, CancellationToken cancellationToken)
    {
        var listing = await BackupListing.LoadAsync(cluster, withNotes: false, cancellationToken);
        if (listing.Unreadable.FirstOrDefault(backup => backup.Id == id) is { } unreadable)
        {
            await RequireUnpinnedAsync(unreadable.Lineage, id, cancellationToken);
            return new ExpirePlan(id, unreadable.Lineage, "its manifest cannot be read");
        }

        var backup = await BackupCatalog.FindAsync(cluster, id, cancellationToken);
        await RequireUnpinnedAsync(backup.Lineage, backup.Id, cancellationToken);
        var facts = await RetentionFactsReader.LoadAsync(cluster, time, cancellationToken);
        RequireFloor(
            facts with { Backups = [.. facts.Backups.Where(other => other.Id != backup.Id)] },
            facts,
            backup.Lineage,
            backup.Id);
        await RequireEndsAsync(backup.Id, cancellationToken);
        return new ExpirePlan(
            backup.Id, backup.Lineage, facts.Backups.First(other => other.Id == backup.Id).Incomplete);
    }

    /// <exception cref="LifeboatException">
    /// Denied: another call made that it must stay; the tombstone was taken back.
    /// </exception>
    public async ValueTask ApplyAsync(ExpirePlan plan, string reason, CancellationToken cancellationToken)
    {
        var before = await RetentionFactsReader.LoadAsync(cluster, time, cancellationToken);
        var put = new TombstonePut(cluster, time);
        await put.ExpireAsync(
            plan.Lineage, new TombstoneRecord(plan.Backup, reason, time.GetUtcNow()), cancellationToken);
        try
        {
            await RequireUnpinnedAsync(plan.Lineage, plan.Backup, cancellationToken);
            if (before.Backups.FirstOrDefault(backup => backup.Id == plan.Backup) is { } expired)
            {
                RequireFloor(
                    await RetentionFactsReader.LoadAsync(cluster, time, cancellationToken), before, expired.Lineage, expired.Id);
            }
        }
        catch (Exception failure)
        {
            await put.WithdrawAsync(failure);
            throw;
        }
    }

    private async ValueTask RequireUnpinnedAsync(
        Repository.Encoding.Id128 lineage, string backup, CancellationToken cancellationToken)
    {
        var notes = await BackupMarks.ReadAsync(cluster, lineage, backup, cancellationToken);
        if (notes.Pin is { } pin && pin.HoldsAt(time.GetUtcNow()))
        {
            throw Refused(backup, $"it is pinned: {pin.Reason}", $"'lifeboat unpin {backup}' lets go of it.");
        }
    }

    /// <summary>
    /// Older backups may stand alone: what came behind this one could not be recovered from them, up to this very
    /// moment.
    /// </summary>
    private async ValueTask RequireEndsAsync(string backup, CancellationToken cancellationToken)
    {
        var windows = await ClusterWindows.LoadAsync(cluster, cancellationToken);
        var alone = windows.Windows.GroupBy(window => (window.Lineage, window.Timeline))
            .Select(timeline => timeline.MaxBy(window => window.End)!)
            .FirstOrDefault(window => window.Backups.SequenceEqual([backup], StringComparer.Ordinal));
        if (alone is not null && !lastOfLineage)
        {
            throw Refused(
                backup,
                $"only from it recovery comes to the end of timeline {alone.Timeline} ({alone.End}) in lineage {alone.Lineage}",
                "Take a new backup first; if that server or copy is not used any more, add --last-of-lineage.");
        }
    }

    private void RequireFloor(
        RetentionFacts after, RetentionFacts before, Repository.Encoding.Id128 lineage, string backup)
    {
        var had = before.Backups.Count(other => other.IsComplete);
        var left = after.Backups.Count(other => other.IsComplete);
        if (left < had && left < minimum)
        {
            throw Refused(
                backup,
                string.Create(CultureInfo.InvariantCulture, $"only {left} complete backups would be left, and {minimum} must stay"),
                "Take a new backup first.");
        }

        if (after.Backups.Count == 0)
        {
            throw Refused(backup, "it is the last backup", "Take a new backup first.");
        }

        bool IsIn(RetentionBackup other) => other.Lineage == lineage && other.IsComplete;
        if (!lastOfLineage && before.Backups.Any(IsIn) && !after.Backups.Any(IsIn))
        {
            throw Refused(
                backup,
                $"it is the last complete backup of lineage {lineage}",
                "If that server or copy is not used any more, add --last-of-lineage.");
        }
    }

    private static LifeboatException Refused(string backup, string cause, string hint) => new(new Failure(
        ErrorCode.Denied, Operation, backup, cause, Hint: $"Nothing was removed. {hint}"));
}

/// <summary>A backup that may be expired.</summary>
/// <param name="Incomplete">Why it does not count as complete; null when it does.</param>
public sealed record ExpirePlan(string Backup, Repository.Encoding.Id128 Lineage, string? Incomplete);
