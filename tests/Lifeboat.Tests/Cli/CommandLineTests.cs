using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Options;
using Lifeboat.Cli.Parsing;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Testing.Files;
using Xunit;

namespace Lifeboat.Tests.Cli;

public sealed class CommandLineTests
{
    public static TheoryData<string> Examples => [.. CommandTable.All.SelectMany(c => c.Examples).Select(e => e.Line)];

    public static TheoryData<string> Commands => [.. CommandTable.All.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Every_example_of_the_help_is_a_right_command_line(string line)
    {
        var tree = new CommandTree();
        var words = System.CommandLine.Parsing.CommandLineParser.SplitCommandLine(line.Replace('\'', '"')).ToList();
        Assert.Equal("lifeboat", words[0]);
        var parsed = tree.Parse(words[1..]);
        Assert.Empty(parsed.Errors);
        Assert.NotNull(tree.SpecOf(parsed.CommandResult.Command));
        Assert.Equal(words.Count(word => word.StartsWith("--", StringComparison.Ordinal)), tree.Given(parsed).Count);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task The_help_of_every_command_names_its_options_and_has_an_example(string name)
    {
        var spec = CommandTable.All.Single(command => command.Name == name);
        var call = await CliCall.RunAsync([.. spec.Words, "--help"]);
        Assert.Equal(0, call.ExitCode);
        Assert.Contains($"Usage:\n  lifeboat {name}", call.Out, StringComparison.Ordinal);
        Assert.Contains("Examples:\n  # ", call.Out, StringComparison.Ordinal);
        Assert.All(spec.Settings.Concat(GlobalSettings.All), s => Assert.Contains(s.Option, call.Out, StringComparison.Ordinal));
        Assert.All(call.Out.Split('\n').Where(l => !l.Contains("lifeboat")), l => Assert.InRange(l.Length, 0, 101));
        Assert.Empty(call.Error);
    }

    [Theory]
    [InlineData("wal")]
    [InlineData("frobnicate")]
    [InlineData("list", "--bogus")]
    [InlineData("list", "--repository")]
    [InlineData("list", "--repository", "gs://bucket/x")]
    [InlineData("list", "--repository", "s3://me:canary@bucket/x")]
    [InlineData("list", "--repository", "host:/path")]
    [InlineData("list")]
    [InlineData("show", "--repository", "/x")]
    [InlineData("list", "--repository", "/x", "--output", "xml")]
    [InlineData("list", "--repository", "/x", "--output", "")]
    [InlineData("list", "--repository", "/x", "--bandwidth", "fast")]
    [InlineData("list", "--repository", "/x", "--bandwidth", "0.1")]
    [InlineData("list", "--repository", "/x", "--cluster", "../other")]
    [InlineData("backup", "--repository", "/x", "--kind", "differential")]
    [InlineData("backup", "--repository", "/x", "--connection", "host=h password=canary")]
    [InlineData("backup", "--repository", "/x", "--connection", "postgres://u:canary@h/db")]
    [InlineData("restore", "--repository", "/x", "--to", "/y", "--target-time", "2026-11-20 14:03:22")]
    [InlineData("restore", "--repository", "/x")]
    [InlineData("adopt", "--repository", "/x", "--cluster-dir", "/y")]
    [InlineData("adopt", "--repository", "/x", "--cluster-dir", "/y", "--take-over", "--as-new")]
    [InlineData("wal", "push", "--repository", "/x")]
    [InlineData("wal", "show", "--repository", "/x")]
    [InlineData("wal", "show", "000000010000000000000001", "--from", "0/1", "--to", "0/2", "--repository", "/x")]
    [InlineData("wal", "show", "--from", "nowhere", "--repository", "/x")]
    [InlineData("find", "--repository", "/x")]
    [InlineData("find", "--event", "rename", "--repository", "/x")]
    [InlineData("find", "--event", "drop", "--min-rows", "5", "--repository", "/x")]
    [InlineData("find", "--event", "drop", "--between", "0/2", "0/1", "--repository", "/x")]
    [InlineData("find", "--event", "drop", "--between", "2026-11-20 14:03:22", "0/1", "--repository", "/x")]
    [InlineData("find", "--event", "drop", "--between", "0/2", "--repository", "/x")]
    [InlineData("status", "--heartbeat-timeout", "never", "--repository", "/x")]
    [InlineData("wal", "push", "a", "b", "--repository", "/x")]
    [InlineData("prune", "--repository", "/x")]
    [InlineData("prune", "--apply", "--repository", "/x")]
    [InlineData("prune", "--keep", "last=0", "--repository", "/x")]
    [InlineData("prune", "--keep", "last=3,last=4", "--repository", "/x")]
    [InlineData("prune", "--keep", "daily=7;weekly=4", "--repository", "/x")]
    [InlineData("prune", "--window", "7", "--repository", "/x")]
    [InlineData("prune", "--window", "-7d", "--repository", "/x")]
    [InlineData("prune", "--keep", "last=1", "--minimum", "0", "--repository", "/x")]
    [InlineData("prune", "--keep", "last=1", "--time-zone", "Mars/Phobos", "--repository", "/x")]
    [InlineData("prune", "--keep", "last=1", "--tag", "a b", "--repository", "/x")]
    [InlineData("backup", "--tag", "a b", "--repository", "/x")]
    [InlineData("pin", "latest", "--repository", "/x")]
    [InlineData("pin", "latest", "--reason", "r", "--until", "2020-01-01 00:00:00+00", "--repository", "/x")]
    [InlineData("pin", "latest", "--reason", "r", "--until", "2099-01-01 00:00:00", "--repository", "/x")]
    [InlineData("annotate", "latest", "--repository", "/x")]
    [InlineData("tag", "latest", "--repository", "/x")]
    [InlineData("expire", "latest", "--repository", "/x")]
    public async Task A_wrong_command_line_is_a_usage_error_with_a_hint_and_nothing_on_stdout(params string[] arguments)
    {
        using var scratch = new ScratchDirectory();
        await CliCall.RunAsync("init", "--repository", scratch.Combine("r"));
        arguments = [.. arguments.Select(a => a == "/x" ? scratch.Combine("r") : a)];
        var text = await CliCall.RunAsync(arguments);
        Assert.Equal(ExitCodes.Of(ErrorCode.Usage), text.ExitCode);
        Assert.Empty(text.Out);
        Assert.StartsWith("lifeboat: error: ", text.Error, StringComparison.Ordinal);
        Assert.Contains("\nhint: ", text.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", text.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_pair_with_one_value_it_is_said_that_it_needs_two_and_what_they_are()
    {
        using var scratch = new ScratchDirectory();
        var call = await CliCall.RunAsync(
            "find", "--event", "drop", "--repository", scratch.Combine("r"), "--between", "0/2");
        Assert.Contains("--between", call.Error, StringComparison.Ordinal);
        Assert.Contains("it needs two values\nhint: Give two times, or two WAL positions.", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_an_error_is_one_line_of_json_and_stdout_is_empty()
    {
        var call = await CliCall.RunAsync("--output", "json", "list", "--repository", "/nonexistent/lifeboat");
        Assert.Empty(call.Out);
        Assert.Single(call.Error.TrimEnd().Split('\n'));
        Assert.Equal("storeUnavailable", call.JsonError.GetProperty("code").GetString());
        Assert.Equal(call.ExitCode, call.JsonError.GetProperty("exitCode").GetInt32());
        Assert.Equal(
            ["code", "operation", "subject", "cause", "hint", "exitCode"],
            call.JsonError.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task A_call_that_is_asked_to_stop_says_so_by_its_exit_code()
    {
        using var scratch = new ScratchDirectory();
        var call = await CliCall.RunAsync(
            [], ["init", "--repository", scratch.Combine("r")], new CancellationToken(canceled: true));
        Assert.Equal(ExitCodes.Of(ErrorCode.Cancelled), call.ExitCode);
    }

    [Fact]
    public async Task Init_can_be_repeated_and_says_what_it_did()
    {
        using var scratch = new ScratchDirectory();
        string[] arguments = ["init", "--repository", scratch.Combine("r"), "--cluster", "main", "--output", "json"];
        var first = (await CliCall.RunAsync(arguments)).Json;
        var second = (await CliCall.RunAsync(arguments)).Json;
        Assert.True(first.GetProperty("created").GetBoolean());
        Assert.True(first.GetProperty("clusterCreated").GetBoolean());
        Assert.False(second.GetProperty("created").GetBoolean());
        Assert.False(second.GetProperty("clusterCreated").GetBoolean());
        Assert.Equal(first.GetProperty("id").GetString(), second.GetProperty("id").GetString());
    }

    [Fact]
    public async Task Init_makes_a_key_file_for_a_new_repository_only()
    {
        using var scratch = new ScratchDirectory();
        var (repository, key, other) = (scratch.Combine("r"), scratch.Combine("key"), scratch.Combine("other"));
        var made = await CliCall.RunAsync("init", "--repository", repository, "--key-file", key);
        Assert.Equal(0, made.ExitCode);
        Assert.Contains("KEEP A COPY", made.Error, StringComparison.Ordinal);
        var status = PosixFileSystem.Instance.Stat(key)!.Value;
        Assert.Equal((0x180, 32L), (status.Mode, status.Size));

        var again = await CliCall.RunAsync("init", "--repository", repository, "--key-file", other);
        Assert.Equal(ExitCodes.Of(ErrorCode.NotFound), again.ExitCode);
        Assert.Null(PosixFileSystem.Instance.Stat(other));
        Assert.Equal(
            ExitCodes.Of(ErrorCode.WrongKey), (await CliCall.RunAsync("list", "--repository", repository)).ExitCode);
    }

    [Fact]
    public async Task Options_stand_before_or_after_the_command_and_in_the_environment()
    {
        using var scratch = new ScratchDirectory();
        var repository = scratch.Combine("r");
        await CliCall.RunAsync("init", "--repository", repository, "--cluster", "main");
        var before = await CliCall.RunAsync("--repository", repository, "--output=json", "list");
        var after = await CliCall.RunAsync("list", "--output", "json", "--repository", "file://" + repository);
        var around = await CliCall.RunAsync(
            new() { ["LIFEBOAT_REPOSITORY"] = repository, ["LIFEBOAT_OUTPUT"] = "json" }, ["list"]);
        Assert.Equal(0, before.ExitCode);
        Assert.Equal(before.Out, after.Out);
        Assert.Equal(before.Out, around.Out);
        Assert.Equal(
            ["cluster", "backups", "windows", "gaps", "conflicts", "damage", "faults", "damaged"],
            before.Json.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task A_configuration_file_alone_is_enough()
    {
        using var scratch = new ScratchDirectory();
        var file = scratch.Combine("lifeboat.yaml");
        await File.WriteAllTextAsync(file, $"repository: {scratch.Combine("r")}\ncluster: other\noutput: json\n");
        Assert.Equal(0, (await CliCall.RunAsync("init", "--config", file)).ExitCode);
        var status = await CliCall.RunAsync(new() { ["LIFEBOAT_CONFIG"] = file }, ["status"]);
        Assert.Equal("other", status.Json.GetProperty("cluster").GetString());
    }

    [Fact]
    public async Task Two_secrets_of_one_place_are_refused_and_the_stronger_place_wins()
    {
        using var scratch = new ScratchDirectory();
        var (repository, key) = (scratch.Combine("r"), scratch.Combine("key"));
        await CliCall.RunAsync("init", "--repository", repository, "--key-file", key, "--cluster", "main");
        var wins = await CliCall.RunAsync(
            new() { ["LIFEBOAT_PASSPHRASE"] = "canary" }, ["list", "--repository", repository, "--key-file", key]);
        Assert.Equal(0, wins.ExitCode);
        var both = await CliCall.RunAsync(
            new() { ["LIFEBOAT_PASSPHRASE"] = "canary", ["LIFEBOAT_KEY_FILE"] = key }, ["list", "--repository", repository]);
        Assert.Equal(ExitCodes.Of(ErrorCode.Usage), both.ExitCode);
        Assert.DoesNotContain("canary", both.Error, StringComparison.Ordinal);
    }
}
