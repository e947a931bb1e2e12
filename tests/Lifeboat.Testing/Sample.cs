using System.Globalization;
using Xunit;

namespace Lifeboat.Testing;

/// <summary>
/// The cases of a matrix that one run takes: some of them by chance, or every one with <c>LIFEBOAT_TEST_ALL=1</c>. The
/// seed is <c>LIFEBOAT_TEST_SEED</c>; what a seed chose stays the same, so that a failure can be repeated.
/// </summary>
public static class Sample
{
    /// <summary>Whether the whole matrix was asked for.</summary>
    public static bool IsWhole { get; } = Environment.GetEnvironmentVariable("LIFEBOAT_TEST_ALL") is "1";

    public static int Seed { get; } =
        int.TryParse(
            Environment.GetEnvironmentVariable("LIFEBOAT_TEST_SEED"), CultureInfo.InvariantCulture, out var given)
            ? given
            : Random.Shared.Next();

    /// <summary>Random numbers of this run's seed; the same purpose gives the same numbers.</summary>
    public static Random Numbers(string purpose)
    {
        // string.GetHashCode differs from process to process.
        var hash = purpose.Aggregate(17, (sum, letter) => unchecked((sum * 31) + letter));
        return new Random(unchecked(Seed ^ hash));
    }

    /// <summary>So many of the cases, in their order.</summary>
    public static IReadOnlyList<T> Of<T>(string purpose, int count, IEnumerable<T> cases)
    {
        var all = cases.ToList();
        if (IsWhole || all.Count <= count)
        {
            return all;
        }

        var order = Enumerable.Range(0, all.Count).ToArray();
        Numbers(purpose).Shuffle(order);
        return [.. order.Take(count).Order().Select(index => all[index])];
    }

    /// <summary>Runs a test and names the seed when it fails.</summary>
    public static async Task SeededAsync(Func<Task> test)
    {
        try
        {
            await test();
        }
        catch (Exception failure)
        {
            Assert.Fail($"LIFEBOAT_TEST_SEED={Seed}: {failure}");
        }
    }
}
