using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Configuration;
using Lifeboat.Cli.Options;
using Lifeboat.Cli.Retention;
using Lifeboat.Platform.Errors;
using Xunit;

namespace Lifeboat.Tests.Cli;

public sealed class PolicySettingsTests
{
    [Fact]
    public void The_section_retention_says_what_is_kept_as_keys_or_as_one_line()
    {
        var policy = Policy("retention:\n  keep:\n    daily: 7\n    gold:yearly: 3\n  window: 7d\n  time-zone: Europe/Berlin\n")!;
        Assert.Equal(["daily=7", "gold:yearly=3"], policy.Rules.Select(rule => rule.ToString()));
        Assert.Equal(TimeSpan.FromDays(7), policy.Window);
        Assert.Equal("Europe/Berlin", policy.TimeZone.Id);
        Assert.Equal(
            ["last=2", "weekly=4"], Policy("retention:\n  keep: last=2, weekly=4\n")!.Rules.Select(rule => rule.ToString()));
    }

    [Fact]
    public void What_the_command_is_told_counts_before_the_section()
    {
        const string text = "retention:\n  keep: last=2\n  minimum: 3\n";
        Assert.Equal("last=9", Assert.Single(Policy(text, ("keep", "last=9"))!.Rules).ToString());
        Assert.Equal(3, Policy(text, ("keep", "last=9"))!.Minimum);
        Assert.Equal("last=5", Assert.Single(Policy(text + "prune:\n  keep: last=5\n")!.Rules).ToString());
    }

    [Fact]
    public void A_policy_is_nobody_elses_and_no_rule_is_no_policy()
    {
        Assert.Null(Policy("jobs: 2\n"));
        Assert.Null(Policy("retention:\n  minimum: 3\n"));
        var file = Read("retention:\n  tag: gold\n");
        var tag = BackupCommand.Spec.Settings.Single(setting => setting.Name == "tag");
        Assert.Null(file.Find("backup", tag));
        Assert.Equal("gold", file.Find("prune", PolicySettings.Tag)?.Text);
    }

    [Theory]
    [InlineData("retention:\n  keep:\n    fortnightly: 7\n", "there is no rule 'fortnightly'")]
    [InlineData("retention:\n  keep:\n    daily: 0\n", "no whole number")]
    [InlineData("retention:\n  keep: daily=7\n  window: 1m\n", "it is no age")]
    public void A_wrong_rule_in_the_file_is_named_with_its_place(string text, string cause)
    {
        var failure = Assert.Throws<LifeboatException>(() => Policy(text)).Failure;
        Assert.Equal(ErrorCode.Usage, failure.Code);
        Assert.Contains(cause, failure.Cause, StringComparison.Ordinal);
        Assert.Contains("line ", failure.Subject, StringComparison.Ordinal);
    }

    private static Lifeboat.Repository.Retention.RetentionPolicy? Policy(string text, params (string Name, string Value)[] given) =>
        PolicySettings.Read(new Settings(
            given.ToDictionary(pair => pair.Name, pair => (IReadOnlyList<string>)[pair.Value], StringComparer.Ordinal),
            _ => null,
            Read(text),
            "prune"));

    private static ConfigurationFile Read(string text) => ConfigurationReader.Read(
        "/etc/lifeboat.yaml", text, CommandTable.All.Select(command => (command.Name, command.Settings)));
}
