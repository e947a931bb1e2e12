using System.Text.Json;
using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Options;
using Lifeboat.Platform.Errors;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Cli;

public sealed class ExitCodeDocumentTests
{
    [Fact]
    public void The_table_of_exit_codes_for_people_is_the_one_of_the_program()
    {
        var documented = Rows("exit-codes.md").Select(row => (Code: int.Parse(row[0]), Name: row[1].Trim('`'))).ToList();
        var expected = Enum.GetValues<ErrorCode>()
            .Select(code => (ExitCodes.Of(code), JsonNamingPolicy.CamelCase.ConvertName(code.ToString())))
            .Append((ExitCodes.Done, ""))
            .Append((ExitCodes.Absent, ""))
            .Append((ExitCodes.CannotTell, "any"))
            .OrderBy(row => row.Item1);
        Assert.Equal(expected, documented);
    }

    [Fact]
    public void No_two_errors_share_an_exit_code_and_none_means_something_to_PostgreSQL()
    {
        var codes = Enum.GetValues<ErrorCode>().Select(ExitCodes.Of).ToList();
        Assert.Equal(codes.Count, codes.Distinct().Count());
        Assert.All(codes, code => Assert.InRange(code, 1, 125));
        Assert.DoesNotContain(ExitCodes.Absent, codes);
    }

    [Fact]
    public void Every_option_is_in_the_documentation_with_its_commands()
    {
        var rows = Rows("configuration.md").ToDictionary(row => row[0].Trim('`').Split(' ')[0], row => row);
        foreach (var setting in GlobalSettings.All)
        {
            Assert.Contains(setting.Option, rows.Keys);
        }

        foreach (var (command, setting) in CommandTable.All.SelectMany(c => c.Settings.Select(s => (c.Name, s))))
        {
            var row = Assert.Contains(setting.Option, rows as IDictionary<string, string[]>);
            Assert.Contains(command, row[1].Split(", "));
        }

        var options = GlobalSettings.All.Concat(CommandTable.All.SelectMany(c => c.Settings)).Select(s => s.Option);
        Assert.Empty(rows.Keys.Except(options));
    }

    private static IEnumerable<string[]> Rows(string document) =>
        File.ReadLines(Path.Combine(RepositoryFolder.Root, "docs", "operating", document))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .Where(row => row[0] is not ("Exit code" or "Option"));
}
