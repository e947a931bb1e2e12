using System.Collections.Concurrent;
using System.Globalization;
using Lifeboat.Testing;
using Xunit;

namespace Lifeboat.Tests.Collect;

/// <summary>Random histories of backups, expiry and collection; and that they notice what is missing.</summary>
public sealed class CollectionHistoryTests
{
    private const int Ordinary = 50;
    private const int Whole = 10_000;
    private const int MostShown = 10;

    private static readonly string? Chosen = Environment.GetEnvironmentVariable("LIFEBOAT_SIMULATE_HISTORY");
    private static readonly string? Number = Environment.GetEnvironmentVariable("LIFEBOAT_SIMULATE_HISTORIES");

    [Fact]
    public async Task I14_I15_in_random_histories_what_is_listed_can_be_read_and_what_is_needless_is_given_back()
    {
        var numbers = Sample.Numbers("collection");
        int[] seeds = Chosen is not null
            ? [int.Parse(Chosen, CultureInfo.InvariantCulture)]
            : [.. Enumerable.Range(0, HowMany()).Select(_ => numbers.Next())];
        var (read, deleted, requests, locked, compared) = (0, 0, 0L, 0, 0L);
        var failures = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(
            seeds,
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            async (seed, _) =>
            {
                try
                {
                    var history = await CollectionHistory.RunAsync(seed);
                    Interlocked.Add(ref read, history.Read);
                    Interlocked.Add(ref deleted, history.Deleted);
                    Interlocked.Add(ref requests, history.Requests);
                    Interlocked.Add(ref locked, history.ComparedLocks > 0 ? 1 : 0);
                    Interlocked.Add(ref compared, history.ComparedLocks);
                }
                catch (Exception failure)
                {
                    failures.Enqueue($"eng/simulate history {seed}: {failure}");
                }
            });
        var done = $"LIFEBOAT_TEST_SEED={Sample.Seed}: {seeds.Length} histories, {locked} of them with locks: {read} backups were "
            + $"read, {deleted} objects deleted, {requests} requests, {compared} locks compared";
        TestContext.Current.SendDiagnosticMessage(done);
        Assert.True(failures.IsEmpty, $"{failures.Count} broke a promise. {string.Join("\n", failures.Take(MostShown))}");
        Assert.True(Chosen is not null || (read > 0 && deleted > 0 && locked > 0 && compared > 0), done);
    }

    private static int HowMany() => Number is not null
        ? int.Parse(Number, CultureInfo.InvariantCulture)
        : Sample.IsWhole ? Whole : Ordinary;

    /// <summary>Each thing that is relied on is needed: the others that are have scenes of their own.</summary>
    [Theory]
    [InlineData(nameof(Sabotage.WritersIgnoreLists))]
    [InlineData(nameof(Sabotage.WritersDoNotLookBehindTheManifest))]
    [InlineData(nameof(Sabotage.WritersDoNotLookBehindTheCompletion))]
    [InlineData(nameof(Sabotage.CollectorsUseTheirOwnClock))]
    [InlineData(nameof(Sabotage.TombstonesAreTakenAtOnce))]
    public async Task A_history_notices(string sabotage)
    {
        const int most = 400;
        var numbers = Sample.Numbers(sabotage);
        for (var run = 0; run < most; run++)
        {
            try
            {
                await CollectionHistory.RunAsync(numbers.Next(), Enum.Parse<Sabotage>(sabotage));
            }
            catch (BrokenPromiseException found)
            {
                TestContext.Current.SendDiagnosticMessage($"{sabotage}: after {run + 1}: {found.Message}");
                return;
            }
        }

        Assert.Fail($"{most} histories with {sabotage} broke no promise: what it takes away is not shown to be needed");
    }
}
