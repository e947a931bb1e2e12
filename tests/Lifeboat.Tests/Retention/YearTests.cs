using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Retention;
using Xunit;

namespace Lifeboat.Tests.Retention;

/// <summary>
/// A year of backups with a prune every night. What is there after each is compared with the definition of the rules,
/// written
/// down once more in the plainest way: day by day, over every change of the clock.
/// </summary>
public sealed class YearTests
{
    private static readonly DateTimeOffset s_begin = new(2026, 1, 1, 0, 7, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("UTC", "hourly=48,daily=7,weekly=4,monthly=12,yearly=7")]
    [InlineData("Europe/Berlin", "hourly=48,daily=7,weekly=4,monthly=12,yearly=7")]
    [InlineData("America/St_Johns", "last=3,hourly=30,daily=35,weekly=60,monthly=3,yearly=1,within=40h")]
    public void A_year_of_hourly_backups_keeps_each_day_what_the_rules_choose_of_all_that_was_ever_taken(string zone, string rules) =>
        Live(TimeSpan.FromHours(1), zone, rules, judgeAll: true);

    [Theory]
    [InlineData("Europe/Berlin", "hourly=48,daily=7,weekly=4,monthly=12,yearly=7")]
    [InlineData("Australia/Lord_Howe", "last=9,hourly=48,daily=7,weekly=4,monthly=12,yearly=7")]
    public void A_year_of_quarter_hourly_backups_keeps_each_day_what_the_rules_choose(string zone, string rules) =>
        Live(TimeSpan.FromMinutes(15), zone, rules, judgeAll: false);

    private static void Live(TimeSpan every, string zone, string rules, bool judgeAll)
    {
        var policy = Policies.Of(rules) with { TimeZone = TimeZoneInfo.FindSystemTimeZoneById(zone) };
        var judge = new PlainRules(rules, policy.TimeZone);
        var ever = new List<DateTimeOffset>();
        var there = new List<DateTimeOffset>();
        var next = s_begin;
        var kept = 0L;
        for (var day = 1; day <= 365; day++)
        {
            var now = s_begin.AddDays(day);
            for (; next <= now; next += every)
            {
                ever.Add(next);
                there.Add(next);
            }

            var plan = RetentionPlanner.Plan(FactsOf(there, now), policy);
            var expected = judge.Choose(judgeAll ? ever : there, now);
            there = [.. plan.Keep.Select(decision => decision.Backup.StopTime)];
            Assert.True(expected.SetEquals(there), $"day {day}: {string.Join(", ", expected.Except(there))} lack, "
                + $"{string.Join(", ", there.Except(expected))} are too many");
            kept += there.Count;
        }

        Assert.InRange(kept, 365 * 20, 365 * 200);
    }

    private static RetentionFacts FactsOf(List<DateTimeOffset> times, DateTimeOffset now) => new(
        [
            .. times.Select(time => new RetentionBackup(
                time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'"),
                History.Main,
                Timeline.First,
                new Lsn((ulong)time.ToUnixTimeSeconds() << 12),
                new Lsn(((ulong)time.ToUnixTimeSeconds() + 1) << 12),
                time,
                [],
                Pin: null,
                Incomplete: null)),
        ],
        [
            new RetentionLineage(
                History.Main,
                History.Size,
                [(History.Main, new Timeline(uint.MaxValue))],
                Parent: null,
                now,
                [new RetentionTimeline(Timeline.First, new TimelineHistory(Timeline.First, []), now)],
                []),
        ],
        [],
        now);

    /// <summary>The rules, written down for the second time: group all, take the newest of each group, take the
    /// latest groups.</summary>
    private sealed class PlainRules(string rules, TimeZoneInfo zone)
    {
        internal HashSet<DateTimeOffset> Choose(List<DateTimeOffset> times, DateTimeOffset now)
        {
            var chosen = new HashSet<DateTimeOffset> { times.Max() };
            foreach (var rule in rules.Split(','))
            {
                var (name, value) = (rule.Split('=')[0], rule.Split('=')[1]);
                if (name == "within")
                {
                    var hours = int.Parse(value.TrimEnd('h'));
                    chosen.UnionWith(times.Where(time => time >= now.AddHours(-hours)));
                    continue;
                }

                chosen.UnionWith(times.GroupBy(time => KeyOf(name, time)).Select(group => group.Max())
                    .OrderDescending().Take(int.Parse(value)));
            }

            return chosen;
        }

        private (int, int, int, int, int) KeyOf(string name, DateTimeOffset time)
        {
            var offset = zone.GetUtcOffset(time.UtcDateTime);
            var clock = time.UtcDateTime + offset;
            switch (name)
            {
                case "hourly":
                    return (clock.Year, clock.Month, clock.Day, clock.Hour, (int)offset.TotalMinutes);
                case "daily":
                    return (clock.Year, clock.Month, clock.Day, 0, 0);
                case "weekly":
                    var monday = clock.Date;
                    while (monday.DayOfWeek != DayOfWeek.Monday)
                    {
                        monday = monday.AddDays(-1);
                    }

                    return (monday.Year, monday.Month, monday.Day, 0, 0);
                case "monthly":
                    return (clock.Year, clock.Month, 0, 0, 0);
                case "yearly":
                    return (clock.Year, 0, 0, 0, 0);
                default:
                    return ((int)(time.UtcTicks >> 31), (int)(time.UtcTicks & 0x7FFFFFFF), 0, 0, 0);
            }
        }
    }
}
