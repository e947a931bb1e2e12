using System.Globalization;
using Lifeboat.Engine.Activity;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;

namespace Lifeboat.Engine.Collect;

/// <summary>
/// Runs the collection of a cluster: once, which takes each list one step further, or until nothing is left that waits for
/// minutes only.
/// </summary>
/// <param name="repackBelow">See <see cref="CollectionMargins.RepackBelow"/>.</param>
public sealed class CollectRun(Cluster cluster, double repackBelow, TimeProvider time, IActivity activity)
{
    /// <summary>Condemn, clear, sweep, and one more for what another host did in between.</summary>
    private const int MostSteps = 4;

    /// <summary>Both clocks must say that a wait is over, and they may differ a little.</summary>
    private static readonly TimeSpan Reserve = TimeSpan.FromSeconds(30);

    private readonly Collection _collection = new(cluster, repackBelow);

    /// <summary>Shows what would be done; nothing is changed.</summary>
    public async Task<CollectReport> LookAsync(CancellationToken cancellationToken) =>
        CollectReport.Of(await _collection.PlanAsync(cancellationToken), time.GetUtcNow());

    /// <param name="wait">Go on until what was condemned now is deleted, when nobody is at work: some 35 minutes.</param>
    /// <exception cref="LifeboatException">Errors of the store; what was done until then stays done.</exception>
    public async Task<CollectReport> ApplyAsync(bool wait, CancellationToken cancellationToken)
    {
        CollectReport? report = null;
        for (var step = 1; ; step++)
        {
            var plan = await _collection.PlanAsync(cancellationToken);
            await _collection.ApplyAsync(plan, cancellationToken);
            var now = time.GetUtcNow();
            report = CollectReport.Of(plan, now).After(report);
            if (!wait || step == MostSteps || report.NextStepAt is not { } next
                || next - now > CollectionMargins.Usual.Settle * 2)
            {
                return report;
            }

            activity.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"{report.WaitingObjects} objects wait; the next step is at {next.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC"));
            await Task.Delay(next - now + Reserve, time, cancellationToken);
        }
    }
}
