namespace Lifeboat.Repository.Maps;

/// <summary>
/// Which runs are put together with a new one, by their weights, like the digits of a counter (format, section 6): there are
/// never many, and what is written once is written again as often as there are digits.
/// </summary>
internal static class RunCounter
{
    /// <summary>As many of one weight stand beside each other before they are put together.</summary>
    internal const int Digits = 4;

    /// <param name="weights">Of the runs that are there, oldest first.</param>
    /// <returns>How many of the last go into the new one, and its weight then.</returns>
    internal static (int Taken, int Weight) Choose(IReadOnlyList<int> weights)
    {
        var (taken, weight) = (0, 1);
        while (taken < weights.Count && weights[^(taken + 1)] == 0)
        {
            taken++;
        }

        while (true)
        {
            var more = 0;
            while (taken + more < weights.Count && weights[^(taken + more + 1)] <= weight)
            {
                more++;
            }

            if (more < Digits - 1)
            {
                return (taken, weight);
            }

            for (; more > 0; more--)
            {
                weight = (int)Math.Min(int.MaxValue, (long)weight + weights[^(++taken)]);
            }
        }
    }

    /// <summary>The most runs that this leaves after so many new ones.</summary>
    internal static int MostRuns(long news)
    {
        var digits = 1;
        for (var rest = news; rest >= Digits; rest /= Digits)
        {
            digits++;
        }

        return (Digits - 1) * digits;
    }
}
