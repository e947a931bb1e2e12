using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Configuration;
using Lifeboat.Cli.Options;
using Lifeboat.Platform.Errors;
using Xunit;

namespace Lifeboat.Tests.Cli;

public sealed class SettingsTests
{
    private static readonly Setting s_jobs = CommonSettings.Jobs;

    [Fact]
    public void The_command_line_wins_over_environment_over_section_over_top_over_default()
    {
        var file = Read("cluster: top\nbackup:\n  cluster: section\n");
        Settings At(string? line, string? variable, ConfigurationFile? configuration, string command) => new(
            line is null ? new Dictionary<string, IReadOnlyList<string>>() : new() { ["cluster"] = [line] },
            name => name == "LIFEBOAT_CLUSTER" ? variable : null,
            configuration,
            command);

        Assert.Equal("line", At("line", "variable", file, "backup").Text(GlobalSettings.Cluster));
        Assert.Equal("variable", At(null, "variable", file, "backup").Text(GlobalSettings.Cluster));
        Assert.Equal("section", At(null, "", file, "backup").Text(GlobalSettings.Cluster));
        Assert.Equal("top", At(null, null, file, "list").Text(GlobalSettings.Cluster));
        Assert.Equal("main", At(null, null, null, "list").Text(GlobalSettings.Cluster));
        Assert.False(At(null, null, null, "list").IsGiven(GlobalSettings.Cluster));
        Assert.True(At(null, null, file, "list").IsGiven(GlobalSettings.Cluster));
    }

    [Theory]
    [InlineData("500", 500L)]
    [InlineData("20MB", 20_000_000L)]
    [InlineData("1.5 GiB", 1_610_612_736L)]
    [InlineData("64kib", 65_536L)]
    [InlineData("9999999999999999999", null)]
    [InlineData("9999999TiB", null)]
    [InlineData("-1", null)]
    [InlineData("0", null)]
    [InlineData("1.2.3MB", null)]
    [InlineData("MB", null)]
    [InlineData("", null)]
    [InlineData("20Mbit", null)]
    public void An_amount_of_bytes_is_a_number_and_a_unit(string text, long? bytes) =>
        Assert.Equal(bytes, ByteQuantity.Parse(text));

    [Fact]
    public void Every_option_has_the_variable_of_its_own_name()
    {
        Assert.Equal("LIFEBOAT_CLUSTER_DIR", CommonSettings.ClusterDirectory.Variable);
        Assert.Equal("--cluster-dir", CommonSettings.ClusterDirectory.Option);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("many")]
    [InlineData("-1")]
    [InlineData("100000")]
    public void A_number_out_of_range_is_a_usage_error_that_names_where_it_stands(string text)
    {
        var settings = new Settings(
            new Dictionary<string, IReadOnlyList<string>>(), name => name == "LIFEBOAT_JOBS" ? text : null, null, "backup");
        var failure = Assert.Throws<LifeboatException>(() => settings.Integer(s_jobs, 1, 256)).Failure;
        Assert.Equal(ErrorCode.Usage, failure.Code);
        Assert.Equal("LIFEBOAT_JOBS", failure.Subject);
    }

    [Theory]
    [InlineData("repository: /x\nbogus: 1\n", "line 2, column 1", "'bogus' is not known")]
    [InlineData("backup:\n  jobs: 1\n  target-time: x\n", "line 3, column 3", "'target-time' is not known")]
    [InlineData("cluster_dir: /x\n", "line 1, column 1", "'cluster_dir' is not known")]
    [InlineData("passphrase: hunter2\n", "line 1, column 1", "would keep a secret")]
    [InlineData("init:\n  password: hunter2\n", "line 2, column 3", "would keep a secret")]
    [InlineData("backup: full\n", "line 1, column 9", "is a section")]
    [InlineData("jobs: [1, 2]\n", "line 1, column 7", "a single value is expected")]
    [InlineData("jobs:\n", "line 1, column 6", "has no value")]
    [InlineData("jobs: 1\njobs: 2\n", "line 2", "a key is given twice")]
    [InlineData("- jobs\n", "line 1, column 1", "keys and values are expected")]
    [InlineData("jobs: 1\n---\njobs: 2\n", "line 3, column 1", "a second document")]
    [InlineData("config: /etc/other.yaml\n", "line 1, column 1", "'config' is not known")]
    public void What_the_configuration_file_gets_wrong_is_named_with_its_place(string text, string place, string cause)
    {
        var failure = Assert.Throws<LifeboatException>(() => Read(text)).Failure;
        Assert.Equal(ErrorCode.Usage, failure.Code);
        Assert.Equal("/etc/lifeboat/lifeboat.yaml", failure.Subject);
        Assert.Contains(place, failure.Cause, StringComparison.Ordinal);
        Assert.Contains(cause, failure.Cause, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", failure.ToString() + failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing but a comment\n")]
    public void An_empty_configuration_file_says_nothing(string text)
    {
        var file = Read(text);
        Assert.Empty(file.Top);
        Assert.Empty(file.Sections);
    }

    [Fact]
    public void A_list_in_the_configuration_file_gives_a_repeatable_option_all_its_values()
    {
        var map = CommandTable.All.Single(command => command.Name == "restore").Settings
            .Single(setting => setting.Name == "tablespace-map");
        var file = Read("restore:\n  tablespace-map:\n    - 16400=/a\n    - 16401=/b\n");
        Assert.Equal(["16400=/a", "16401=/b"], file.Find("restore", map)!.Texts);
    }

    private static ConfigurationFile Read(string text) => ConfigurationReader.Read(
        "/etc/lifeboat/lifeboat.yaml", text, CommandTable.All.Select(command => (command.Name, command.Settings)));
}
