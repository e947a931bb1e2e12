using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Repository.Retention;
using Lifeboat.Testing;
using Xunit;

namespace Lifeboat.Tests.Retention;

/// <summary>What must hold for every history and every policy.</summary>
public sealed class RetentionPropertyTests
{
    private static readonly Config s_runs = Config.QuickThrowOnFailure.WithMaxTest(Sample.IsWhole ? 20_000 : 400);

    [Fact]
    public void A_rule_more_never_removes_more() => ForAll(RequireNoMore);

    /// <summary>Two backups that end at one position, of which a longer window begins with the other.</summary>
    [Theory]
    [InlineData(-1855880790)]
    public void A_rule_more_never_removed_more(int seed) =>
        RequireNoMore(seed, new History(seed), Policies.Random(new Random(seed ^ 1)));

    private static void RequireNoMore(int seed, History history, RetentionPolicy policy)
    {
        var random = new Random(seed ^ 2);
        var facts = history.Facts();
        var more = policy with
        {
            Rules = [.. policy.Rules, .. Policies.Random(random).Rules],
            Minimum = policy.Minimum + random.Next(2),
            MinimumAge = policy.MinimumAge + TimeSpan.FromHours(random.Next(3)),
            Window = policy.Window is { } window ? window + TimeSpan.FromHours(random.Next(50)) : null,
        };
        var before = RetentionPlanner.Plan(facts, policy);
        var after = RetentionPlanner.Plan(facts, more);
        Assert.Subset(Removed(before), Removed(after));
        Assert.Subset(Going(before), Going(after));
    }

    [Fact]
    public void To_plan_again_after_a_plan_was_carried_out_removes_nothing_more() => ForAll((_, history, policy) =>
    {
        var plan = RetentionPlanner.Plan(history.Facts(), policy);
        history.Apply(plan);
        var again = RetentionPlanner.Plan(history.Facts(), policy);
        Assert.Equal("", string.Join(" ", Removed(again)));
        Assert.Empty(again.WalGoing);
    });

    [Fact]
    public void The_order_of_the_facts_changes_nothing() => ForAll((seed, history, policy) =>
    {
        var one = RetentionPlanner.Plan(history.Facts(), policy);
        var facts = history.Facts();
        var shuffled = facts with
        {
            Lineages =
            [
                .. facts.Lineages.Reverse().Select(lineage => lineage with
                {
                    Segments = [.. lineage.Segments.Reverse()],
                    Timelines = [.. lineage.Timelines.Reverse()],
                }),
            ],
        };
        var other = RetentionPlanner.Plan(shuffled, policy);
        Assert.Equal(one.Id, other.Id);
        Assert.Equal(Words(one), Words(other));
        Assert.Equal(one.WalKept, other.WalKept);
        Assert.Equal(one.Warnings, other.Warnings);
    });

    [Fact]
    public void A_backup_that_is_kept_never_loses_WAL_that_it_has_and_needs() => ForAll((_, history, policy) =>
    {
        var before = history.Facts().Backups.Where(backup => backup.IsComplete).Select(backup => backup.Id).ToHashSet();
        var plan = RetentionPlanner.Plan(history.Facts(), policy);
        history.Apply(plan);
        Assert.All(
            history.Facts().Backups.Where(backup => before.Contains(backup.Id)),
            backup => Assert.True(backup.IsComplete, $"{backup} {plan}"));
    });

    [Fact]
    public void The_minimum_holds_and_pins_hold_and_no_lineage_loses_its_last_backup() => ForAll((_, history, policy) =>
    {
        var facts = history.Facts();
        var plan = RetentionPlanner.Plan(facts, policy);
        foreach (var lineage in facts.Backups.GroupBy(backup => backup.Lineage))
        {
            var kept = plan.Keep.Where(decision => decision.Backup.Lineage == lineage.Key).ToList();
            Assert.True(kept.Count(decision => decision.Backup.IsComplete)
                >= Math.Min(policy.Minimum, lineage.Count(backup => backup.IsComplete)));
            Assert.NotEmpty(kept);
        }

        Assert.DoesNotContain(plan.Remove, decision => decision.Backup.Pin is { } pin && (pin.Until ?? plan.Now.AddDays(1)) > plan.Now);
        Assert.DoesNotContain(plan.Remove, decision => decision.Backup.StopTime > facts.Clock);
    });

    [Fact]
    public void Every_instant_of_the_window_that_could_be_recovered_before_can_be_afterwards() => ForAll((_, history, policy) =>
    {
        // A backup that says that it ended earlier than it did, and that nothing contradicts, cannot be told.
        history.Backups.RemoveAll(backup => backup.StopTime < History.TimeOf(History.StopOf(backup)));
        var window = policy.Window ?? TimeSpan.FromHours(10);
        policy = policy with { Window = window };
        var before = history.Branches().ToDictionary(branch => branch, branch => history.Recoverable(branch.Lineage, branch.Timeline));
        var begin = history.Clock - window;
        history.Apply(RetentionPlanner.Plan(history.Facts(), policy));
        foreach (var (branch, points) in before)
        {
            var promised = points.Where(point => History.TimeOf(point) >= begin).ToHashSet();
            promised.ExceptWith(history.Recoverable(branch.Lineage, branch.Timeline));
            Assert.True(promised.Count == 0, $"{branch}: {string.Join(" ", promised.Order())} of {window}");
        }
    });

    [Fact]
    public void The_latest_point_of_a_server_stays_recoverable_however_long_it_was_quiet() => ForAll((_, history, policy) =>
    {
        var branch = history.Branches().Last(branch => branch.Lineage == History.Main);
        var latest = history.Recoverable(branch.Lineage, branch.Timeline).DefaultIfEmpty(-1).Max();
        history.Clock += TimeSpan.FromDays(400);
        history.Apply(RetentionPlanner.Plan(history.Facts(), policy));
        Assert.True(latest == -1 || history.Recoverable(branch.Lineage, branch.Timeline).Contains(latest), $"{branch} {latest}");
    });

    [Fact]
    public void Without_a_window_no_point_behind_the_oldest_kept_backup_is_lost() => ForAll((_, history, policy) =>
    {
        policy = policy with { Window = null, Rules = [.. policy.Rules, Policies.Rule("last=2")] };
        var branch = history.Branches().Last(branch => branch.Lineage == History.Main);
        var before = history.Recoverable(branch.Lineage, branch.Timeline);
        var plan = RetentionPlanner.Plan(history.Facts(), policy);
        history.Apply(plan);
        var after = history.Recoverable(branch.Lineage, branch.Timeline);

        // A backup before a gap may have led to points that no kept one leads to: those behind the first kept one count.
        var first = after.DefaultIfEmpty(int.MaxValue).Min();
        var removed = plan.Remove.Where(decision => decision.Backup.IsComplete).Select(decision => History.StopOf(decision.Backup));
        if (!removed.Any(stop => stop >= first))
        {
            Assert.Subset(after, before.Where(point => point >= first).ToHashSet());
        }
    });

    [Fact]
    public void Nothing_at_all_goes_while_something_cannot_be_read() => ForAll((_, history, policy) =>
    {
        history.Doubts.Add("clusters/main/…/manifest cannot be read");
        var plan = RetentionPlanner.Plan(history.Facts(), policy);
        Assert.True(plan.IsEmpty);
        Assert.All(plan.Keep, decision => Assert.Contains("cannot be read", decision.Reasons[0], StringComparison.Ordinal));
    });

    [Fact]
    public void A_backup_from_the_future_removes_no_other() => ForAll((_, history, policy) =>
    {
        var before = Removed(RetentionPlanner.Plan(history.Facts(), policy));
        var newest = history.Backups.MaxBy(backup => backup.StopLsn);
        if (newest is not null)
        {
            history.Backups.Add(newest with { Id = "future", StopTime = history.Clock.AddDays(1000), Pin = null });
        }

        Assert.Subset(before, Removed(RetentionPlanner.Plan(history.Facts(), policy)));
    });

    [Fact]
    public void A_clock_that_jumps_ahead_makes_old_backups_hardly_older() => ForAll((_, history, policy) =>
    {
        history.Backups.RemoveAll(backup => backup.StopTime > History.TimeOf(history.Steps + 3));
        history.Clock = History.TimeOf(history.Steps) + RetentionMargins.Silence + TimeSpan.FromHours(1);
        var before = RetentionPlanner.Plan(history.Facts(), policy);
        history.Clock += TimeSpan.FromDays(3650);
        Assert.Equal(before.Id, RetentionPlanner.Plan(history.Facts(), policy).Id);
    });

    private static void ForAll(Action<int, History, RetentionPolicy> holds) => Check.One(s_runs, Prop.ForAll<DoNotSize<int>>(any =>
    {
        var seed = any.Item;
        var history = new History(seed);
        holds(seed, history, Policies.Random(new Random(seed ^ 1)));
        return true;
    }));

    private static HashSet<string> Removed(RetentionPlan plan) =>
        [.. plan.Remove.Select(decision => decision.Backup.Id)];

    private static HashSet<string> Going(RetentionPlan plan) =>
    [
        .. from range in plan.WalGoing
           from number in Enumerable.Range((int)range.First.Number, (int)range.Count)
           select $"{range.Lineage} {range.First.Timeline} {number}",
    ];

    private static string Words(RetentionPlan plan) => string.Join(
        "\n",
        plan.Keep.Concat(plan.Remove).Select(decision => $"{decision.Backup.Id}: {string.Join("; ", decision.Reasons)}"));
}
