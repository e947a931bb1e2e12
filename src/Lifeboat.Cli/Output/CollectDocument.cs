using Lifeboat.Engine.Collect;
using Lifeboat.Repository.Collect;

namespace Lifeboat.Cli.Output;

/// <summary>What a collection did or would do.</summary>
/// <param name="Applied">Whether it was carried out.</param>
/// <param name="Condemned">Published: nothing relies on it from then on, and later runs delete it.</param>
/// <param name="Waiting">Condemned by this run or earlier, and not deleted yet.</param>
/// <param name="Repacked">Packs of which little is needed: that is written anew, and they go in a later night.</param>
/// <param name="Expired">Backups that have expired and are left alone for a while.</param>
/// <param name="NextAt">When another run will do something; null when nothing waits for time alone.</param>
/// <param name="Doubts">With any, nothing is condemned or deleted.</param>
internal sealed record CollectDocument(
    string Cluster,
    bool Applied,
    CollectObjects Deleted,
    CollectObjects Condemned,
    CollectWaiting[] Waiting,
    CollectRepacked Repacked,
    CollectExpired[] Expired,
    string[] Spared,
    DateTimeOffset? NextAt,
    string[] Doubts)
{
    public static CollectDocument Of(string cluster, CollectReport report, bool applied) => new(
        cluster,
        applied,
        CollectObjects.Of(report.Deleted),
        CollectObjects.Of(report.Condemned),
        [.. report.Waits.Select(wait => new CollectWaiting(wait.Objects, wait.Bytes, wait.At, wait.Why))],
        new CollectRepacked(
            report.Repacked.Count, report.Repacked.Sum(pack => pack.Size), report.Repacked.Sum(pack => pack.Live)),
        [.. report.Expired.Select(item => new CollectExpired(item.Backup, item.Until))],
        [.. report.Spared],
        report.NextAt,
        [.. report.Doubts]);
}

internal sealed record CollectObjects(int Objects, long Bytes, CollectObject[] Items)
{
    public static CollectObjects Of(IReadOnlyList<CondemnedObject> objects) => new(
        objects.Count,
        objects.Sum(item => item.Bytes),
        [.. objects.Select(item => new CollectObject(item.Name, item.Bytes, item.Why))]);
}

/// <param name="Name">Below the cluster's folder.</param>
internal sealed record CollectObject(string Name, long Bytes, string Why);

/// <param name="At">When it can go on; null when it is not only a matter of time.</param>
internal sealed record CollectWaiting(int Objects, long Bytes, DateTimeOffset? At, string Why);

/// <param name="Bytes">Of the packs as they are.</param>
/// <param name="LiveBytes">Of what is needed of them, and written anew.</param>
internal sealed record CollectRepacked(int Packs, long Bytes, long LiveBytes);

internal sealed record CollectExpired(string Backup, DateTimeOffset Until);
