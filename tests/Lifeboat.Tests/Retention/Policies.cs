using Lifeboat.Repository.Retention;

namespace Lifeboat.Tests.Retention;

internal static class Policies
{
    private static readonly string[] s_zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

    internal static KeepRule Rule(string text) => KeepRule.Parse(text).Rule ?? throw new ArgumentException(text);

    internal static RetentionPolicy Of(string rules, TimeSpan? window = null) => new()
    {
        Rules = [.. rules.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Rule)],
        Window = window,
    };

    internal static RetentionPolicy Random(Random random)
    {
        var rules = new List<KeepRule>();
        foreach (var name in new[] { "last", "hourly", "daily", "weekly", "monthly", "yearly" })
        {
            if (random.Next(3) == 0)
            {
                rules.Add(Rule($"{(random.Next(3) == 0 ? "gold:" : "")}{name}={random.Next(1, 10)}"));
            }
        }

        if (random.Next(4) == 0)
        {
            rules.Add(Rule($"within={random.Next(1, 100)}h"));
        }

        TimeSpan? window = random.Next(2) == 0 || rules.Count == 0 ? TimeSpan.FromHours(random.Next(0, 120)) : null;
        return new RetentionPolicy
        {
            Rules = rules,
            Window = window,
            Minimum = random.Next(1, 4),
            MinimumAge = random.Next(3) == 0 ? TimeSpan.FromHours(random.Next(100)) : TimeSpan.Zero,
            OnlyTag = random.Next(5) == 0 ? "gold" : null,
            TimeZone = TimeZoneInfo.FindSystemTimeZoneById(s_zones[random.Next(s_zones.Length)]),
        };
    }
}
