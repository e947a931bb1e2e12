using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Options;
using Lifeboat.Cli.Parsing;
using Lifeboat.Platform.Errors;
using Lifeboat.Testing.Files;
using Xunit;

namespace Lifeboat.Tests.Cli;

public sealed class WalCommandTests
{
    private static readonly Setting[] s_settings = [.. GlobalSettings.All, .. WalFetchCommand.Spec.Settings];

    [Theory]
    [InlineData("wal fetch F D --repository /r --cluster c")]
    [InlineData("--repository /r wal fetch F D")]
    [InlineData("wal --repository=/r fetch F D --quiet")]
    [InlineData("wal fetch --retry-for 5 F --cluster-dir=/d D")]
    [InlineData("wal fetch -- F D")]
    public void The_short_way_understands_a_line_as_the_full_parser_does(string line)
    {
        var arguments = line.Split(' ');
        var brief = ShortArguments.TryParse(arguments, ["wal", "fetch"], 2, s_settings)!;
        var tree = new CommandTree();
        var parsed = tree.Parse(arguments);
        Assert.Empty(parsed.Errors);
        Assert.Equal(["F", "D"], brief.Arguments);
        Assert.Equal(
            tree.Given(parsed).OrderBy(item => item.Key).Select(item => (item.Key, item.Value[0])),
            brief.Given.OrderBy(item => item.Key).Select(item => (item.Key, item.Value[0])));
    }

    [Theory]
    [InlineData("wal fetch F D --help")]
    [InlineData("wal fetch F D --bogus x")]
    [InlineData("wal fetch F")]
    [InlineData("wal fetch F D E")]
    [InlineData("wal fetch F D --repository")]
    [InlineData("wal fetch F D --repository --quiet")]
    [InlineData("wal fetch F D --repository /a --repository /b")]
    [InlineData("wal fetch F D --quiet false")]
    [InlineData("fetch wal F D")]
    [InlineData("wal push F")]
    public void What_the_short_way_does_not_understand_it_leaves_to_the_full_parser(string line) =>
        Assert.Null(ShortArguments.TryParse(line.Split(' '), ["wal", "fetch"], 2, s_settings));

    [Fact]
    public async Task A_file_that_is_surely_not_there_has_an_exit_code_of_its_own_and_is_no_error()
    {
        using var scratch = new ScratchDirectory();
        var repository = scratch.Combine("r");
        await CliCall.RunAsync("init", "--repository", repository, "--cluster", "main");
        var call = await CliCall.RunAsync(
            "wal", "fetch", "000000010000000000000003", scratch.Combine("x"), "--repository", repository);
        Assert.Equal((ExitCodes.Absent, "", ""), (call.ExitCode, call.Out, call.Error));
    }

    [Theory]
    [InlineData("--repository /nonexistent/lifeboat --retry-for 0")]
    [InlineData("--repository s3://bucket")]
    [InlineData("--bogus")]
    [InlineData("--config /nonexistent.yaml")]
    [InlineData("--retry-for never --repository /nonexistent/lifeboat")]
    [InlineData("--help-me --output json")]
    public async Task No_failure_tells_a_recovery_that_the_file_does_not_exist(string options)
    {
        using var scratch = new ScratchDirectory();
        await File.WriteAllTextAsync(scratch.Combine("recovery.signal"), "");
        string[] line =
        [
            "wal", "fetch", "000000010000000000000003", scratch.Combine("x"), "--cluster-dir", scratch.Path,
            .. options.Split(' '),
        ];
        Assert.Equal(ExitCodes.CannotTell, (await CliCall.RunAsync(line)).ExitCode);

        // A standby asks again by itself.
        await File.WriteAllTextAsync(scratch.Combine("standby.signal"), "");
        Assert.InRange((await CliCall.RunAsync(line)).ExitCode, 1, 125);
    }
}
