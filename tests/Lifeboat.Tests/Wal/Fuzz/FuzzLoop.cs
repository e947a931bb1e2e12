using System.Globalization;
using Lifeboat.Testing;
using Xunit;

namespace Lifeboat.Tests.Wal.Fuzz;

/// <summary>
/// One input behind the other, each by its number. <c>eng/fuzz</c> runs it for long: LIFEBOAT_FUZZ_RUNS says how many
/// inputs, LIFEBOAT_FUZZ_FIRST the number of the first, and the seed is that of the sample.
/// </summary>
internal static class FuzzLoop
{
    /// <param name="target">As eng/fuzz calls it.</param>
    /// <param name="shortRuns">How many inputs an ordinary run takes.</param>
    /// <returns>How many there were.</returns>
    internal static long Run(string target, int shortRuns, Action<Random> check)
    {
        var first = FromEnvironment("LIFEBOAT_FUZZ_FIRST") ?? 0;
        var runs = FromEnvironment("LIFEBOAT_FUZZ_RUNS") ?? shortRuns;
        for (var number = first; number < first + runs; number++)
        {
            var random = new Random(unchecked((int)((Sample.Seed * 2654435761) ^ number)));
            try
            {
                check(random);
            }
            catch (Exception failure)
            {
                Assert.Fail($"eng/fuzz {target} --seed {Sample.Seed} --first {number} --runs 1: {failure}");
            }
        }

        return runs;
    }

    private static long? FromEnvironment(string name) =>
        long.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
