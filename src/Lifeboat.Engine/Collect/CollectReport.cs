using Lifeboat.Repository.Collect;

namespace Lifeboat.Engine.Collect;

/// <summary>What a collection did, or would do, and what is left for later.</summary>
/// <param name="Deleted">By all steps of the run.</param>
/// <param name="Spared">Names that had been condemned and are needed.</param>
/// <param name="Condemned">By all steps of the run.</param>
/// <param name="Waits">Lists that are published and not swept.</param>
/// <param name="Expired">Backups that have expired and are left alone for a while, and until when.</param>
/// <param name="NextStepAt">When a list can go its next step; null when none waits for time alone.</param>
/// <param name="Doubts">What could not be read: nothing was condemned or deleted.</param>
public sealed record CollectReport(
    IReadOnlyList<CondemnedObject> Deleted,
    IReadOnlyList<string> Spared,
    IReadOnlyList<CondemnedObject> Condemned,
    IReadOnlyList<CollectionStep> Waits,
    IReadOnlyList<(string Backup, DateTimeOffset Until)> Expired,
    DateTimeOffset? NextStepAt,
    IReadOnlyList<string> Doubts)
{
    /// <summary>Packs of which little is needed, and that was written anew: they go in a later night.</summary>
    public IReadOnlyList<SparsePack> Repacked { get; init; } = [];

    private const string JustCondemned = "it was published just now";
    private const string JustCleared = "it was cleared just now";

    /// <summary>Objects of lists that wait.</summary>
    public int WaitingObjects => Waits.Sum(list => list.Objects);

    public long WaitingBytes => Waits.Sum(list => list.Bytes);

    /// <summary>When another run will do something; null when nothing waits for time alone.</summary>
    public DateTimeOffset? NextAt =>
        Expired.Select(item => (DateTimeOffset?)item.Until).Append(NextStepAt).Where(at => at is not null).Min();

    internal static CollectReport Of(CollectionPlan plan, DateTimeOffset now)
    {
        var settled = now + CollectionMargins.Usual.Settle;
        List<CollectionStep> waits =
        [
            .. plan.Waits,
            .. plan.Clear.Select(step => step with { At = settled, Why = JustCleared }),
        ];
        if (plan.Condemn.Count > 0)
        {
            waits.Add(new CollectionStep(default, plan.Condemn.Count, plan.CondemnedBytes, settled, JustCondemned));
        }

        return new CollectReport(
            [.. plan.Sweep.SelectMany(list => list.Delete)],
            [.. plan.Sweep.SelectMany(list => list.Spare)],
            plan.Condemn,
            waits,
            plan.Expired,
            waits.Select(step => step.At).Where(at => at is not null).Min(),
            plan.Doubts)
        {
            Repacked = plan.Repack,
        };
    }

    /// <summary>As the later part of a run of which an earlier one is told.</summary>
    internal CollectReport After(CollectReport? earlier) => earlier is null
        ? this
        : this with
        {
            Deleted = [.. earlier.Deleted, .. Deleted],
            Spared = [.. earlier.Spared, .. Spared],
            Condemned = [.. earlier.Condemned, .. Condemned],
            Repacked = [.. earlier.Repacked, .. Repacked],
        };
}
