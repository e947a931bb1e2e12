using System.Text.Json;
using System.Text.RegularExpressions;
using Lifeboat.Cli.Parsing;
using Lifeboat.Platform.Errors;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Tidy;
using Xunit;

namespace Lifeboat.Tests.Docs;

public sealed partial class DocumentTests
{
    [Fact]
    public async Task Every_command_line_in_the_documents_is_one_that_the_program_takes()
    {
        var wrong = new List<string>();
        var lines = (await DocumentsAsync())
            .SelectMany(file => ShownCommand.FindAll(file.Text).Select(command => (file.Path, Command: command)))
            .ToList();
        foreach (var (path, command) in lines)
        {
            var tree = new CommandTree();
            var parsed = tree.Parse(command.Arguments);
            var problems = parsed.Errors.Select(error => error.Message).ToList();
            if (problems.Count == 0 && tree.SpecOf(parsed.CommandResult.Command) is null)
            {
                problems.Add("no command");
            }

            wrong.AddRange(problems.Select(problem => $"{path}: {command.Line}: {problem}"));
        }

        TrackedFiles.AssertNone(wrong);

        // Every command that a task needs is shown, and the search for them finds them.
        Assert.Superset(
            new HashSet<string> { "init", "backup", "list", "restore", "check", "adopt", "wal push", "wal receive" },
            lines.Select(line => line.Command.Name).ToHashSet());
    }

    [Fact]
    public async Task No_document_names_a_line_of_a_source_file() =>
        TrackedFiles.AssertNone((await DocumentsAsync()).Matches(LineNumber()));

    [Fact]
    public async Task Every_link_between_documents_leads_to_a_file()
    {
        var broken =
            from file in await DocumentsAsync()
            from Match link in Link().Matches(file.Text)
            let target = link.Groups["target"].Value
            where !target.Contains("://", StringComparison.Ordinal)
            let full = Path.Combine(RepositoryFolder.Root, Path.GetDirectoryName(file.Path)!, target)
            where !File.Exists(full) && !Directory.Exists(full)
            select $"{file.Path}: {target}";
        TrackedFiles.AssertNone(broken);
    }

    [Fact]
    public async Task Every_error_code_has_advice_in_the_troubleshooting_page()
    {
        var page = (await DocumentsAsync()).Single(file => file.Path == "docs/operating/troubleshooting.md").Text;
        Assert.All(Enum.GetValues<ErrorCode>(), code => Assert.Contains(
            $"\n| `{JsonNamingPolicy.CamelCase.ConvertName(code.ToString())}` | {ExitCodes.Of(code)} | ",
            page,
            StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_type_that_the_architecture_names_exists()
    {
        var files = await TrackedFiles.ReadAsync();
        var types = files.Of(".cs")
            .SelectMany(file => TypeDeclaration().Matches(file.Text).Select(match => match.Groups["name"].Value))
            .ToHashSet(StringComparer.Ordinal);
        var named = files.Where(file => file.Path is "docs/ARCHITECTURE.md" or "docs/THREAT-MODEL.md")
            .SelectMany(file => TypeName().Matches(file.Text).Select(match => match.Groups["name"].Value))
            .Distinct()
            .ToList();
        Assert.NotEmpty(named);
        TrackedFiles.AssertNone(named.Except(types));
    }

    private static async Task<IEnumerable<(string Path, string Text)>> DocumentsAsync() =>
        (await TrackedFiles.ReadAsync()).Of(".md");

    [GeneratedRegex(@"\.(cs|sh|md|csproj)(:\d+|#L\d+)")]
    private static partial Regex LineNumber();

    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)(#[^)]*)?\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex(
        @"\b(class|record|struct|interface|enum)\s+(struct\s+)?(?<name>[A-Z]\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"`(?<name>[A-Z][a-z]\w*[a-z]\w*[A-Z]\w*)`", RegexOptions.ExplicitCapture)]
    private static partial Regex TypeName();
}
