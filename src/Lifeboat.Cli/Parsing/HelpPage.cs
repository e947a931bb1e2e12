using System.CommandLine;
using System.CommandLine.Invocation;
using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Options;

namespace Lifeboat.Cli.Parsing;

/// <summary>
/// The help of a command: usage, arguments, its own options, examples, then the options that all have.
/// </summary>
internal sealed class HelpPage(CommandTree tree) : SynchronousCommandLineAction
{
    private const int Width = 100;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        Write(parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output);
        return 0;
    }

    public void Write(Command command, TextWriter output)
    {
        var spec = tree.SpecOf(command);
        Paragraph(output, command.Description + (spec is { Details.Length: > 0 } ? $".\n\n{spec.Details}" : ""));
        output.WriteLine();
        output.WriteLine("Usage:");
        output.WriteLine($"  {Usage(command)}");
        Section(output, "Arguments:", command.Arguments.Select(a => (a.Name, a.Description ?? "")));
        Section(output, "Commands:", command.Subcommands.SelectMany(Leaves).Select(
            c => (Words(c, command), c.Description ?? "")));
        if (spec is not null)
        {
            Section(output, "Options:", spec.Settings.Select(Row));
            output.WriteLine();
            output.WriteLine("Examples:");
            foreach (var example in spec.Examples)
            {
                output.WriteLine($"  # {example.Meaning}");
                output.WriteLine($"  {example.Line}");
            }
        }

        Section(
            output,
            "Options of all commands:",
            [.. GlobalSettings.All.Select(Row), ("--help", "Show this help"), .. VersionRow(command)]);
    }

    private static IEnumerable<(string, string)> VersionRow(Command command) =>
        command is RootCommand ? [("--version", "Show the version")] : [];

    private static IEnumerable<Command> Leaves(Command command) =>
        command.Subcommands.Count == 0 ? [command] : command.Subcommands.SelectMany(Leaves);

    private static string Words(Command command, Command upTo)
    {
        var words = command.Name;
        for (var parent = command.Parents.OfType<Command>().FirstOrDefault();
            parent is not null && parent != upTo && parent is not RootCommand;
            parent = parent.Parents.OfType<Command>().FirstOrDefault())
        {
            words = $"{parent.Name} {words}";
        }

        return words;
    }

    private string Usage(Command command)
    {
        if (tree.SpecOf(command) is not { } spec)
        {
            return command is RootCommand
                ? "lifeboat COMMAND [options]" : $"lifeboat {Words(command, tree.Root)} COMMAND [options]";
        }

        var arguments = string.Concat(spec.Arguments.Select(
            argument => argument.IsOptional ? $" [{argument.Name}]" : $" {argument.Name}"));
        return $"lifeboat {spec.Name}{arguments} [options]";
    }

    private static (string, string) Row(Setting setting)
    {
        var left = setting.ValueName is null ? setting.Option : $"{setting.Option} {setting.ValueName}";
        var notes = (setting.Kind == SettingKind.Many ? " (can be repeated)" : "")
            + (setting.Default is null ? "" : $" [default: {setting.Default}]");
        return (left, setting.Description + notes);
    }

    private static void Section(TextWriter output, string title, IEnumerable<(string Left, string Right)> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine(title);
        var column = Math.Min(32, all.Max(row => row.Left.Length) + 2);
        foreach (var (left, right) in all)
        {
            var lines = Wrapped(right, Width - column - 2).ToList();
            var fits = left.Length + 2 <= column;
            output.WriteLine($"  {(fits ? left.PadRight(column) + lines[0] : left)}".TrimEnd());
            foreach (var line in lines.Skip(fits ? 1 : 0))
            {
                output.WriteLine(new string(' ', column + 2) + line);
            }
        }
    }

    private static void Paragraph(TextWriter output, string text)
    {
        foreach (var line in text.Split('\n').SelectMany(line => Wrapped(line, Width)))
        {
            output.WriteLine(line);
        }
    }

    private static IEnumerable<string> Wrapped(string text, int width)
    {
        while (text.Length > width && text.LastIndexOf(' ', width) is var space && space > 0)
        {
            yield return text[..space];
            text = text[(space + 1)..];
        }

        yield return text;
    }
}
