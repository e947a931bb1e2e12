using System.CommandLine;
using System.CommandLine.Help;
using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Options;

namespace Lifeboat.Cli.Parsing;

/// <summary>The commands as System.CommandLine knows them. It only parses: values from elsewhere come later.</summary>
internal sealed class CommandTree
{
    private readonly Dictionary<Command, CommandSpec> _specs = [];
    private readonly Dictionary<Option, Setting> _settings = [];

    public CommandTree()
    {
        Root = new RootCommand(
            "Backup, point-in-time recovery and proof of recovery for PostgreSQL.\n"
            + "Every option has a variable (--cluster-dir is LIFEBOAT_CLUSTER_DIR) and a key in the configuration file.");
        foreach (var version in Root.Options.OfType<VersionOption>().ToList())
        {
            Root.Options.Remove(version);
        }

        Version = new Option<bool>("--version") { Description = "Show the version" };
        Root.Options.Add(Version);
        foreach (var setting in GlobalSettings.All)
        {
            Root.Options.Add(Add(setting, recursive: true));
        }

        foreach (var spec in CommandTable.All)
        {
            Add(spec);
        }

        foreach (var help in Root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpPage(this);
            help.Description = "Show this help";
        }
    }

    public RootCommand Root { get; }

    public Option<bool> Version { get; }

    public CommandSpec? SpecOf(Command command) => _specs.GetValueOrDefault(command);

    public Setting? SettingOf(Option option) => _settings.GetValueOrDefault(option);

    public ParseResult Parse(IReadOnlyList<string> arguments) => Root.Parse(
        arguments,
        // A file's name that begins with @ is a file's name, and -ab is a mistake.
        new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });

    /// <summary>What the command line itself gave, by the setting's name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Given(ParseResult parsed)
    {
        var given = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (option, setting) in _settings)
        {
            if (parsed.GetResult(option) is not { Implicit: false } result)
            {
                continue;
            }

            given[setting.Name] = setting.Kind switch
            {
                SettingKind.Flag => [parsed.GetValue((Option<bool>)option) ? "true" : "false"],
                SettingKind.Many or SettingKind.Pair => parsed.GetValue((Option<string[]>)option) ?? [],
                _ => [parsed.GetValue((Option<string>)option)!],
            };
            if (given[setting.Name].Any(string.IsNullOrEmpty))
            {
                throw UsageError.Of(
                    "read the command line", setting.Option, "its value is empty",
                    "Give a value, or leave the option away.");
            }
        }

        return given;
    }

    private void Add(CommandSpec spec)
    {
        Command parent = Root;
        foreach (var word in spec.Words[..^1])
        {
            var group = parent.Subcommands.FirstOrDefault(command => command.Name == word);
            if (group is null)
            {
                group = new Command(word, CommandTable.Groups[word]);
                parent.Subcommands.Add(group);
            }

            parent = group;
        }

        var added = new Command(spec.Words[^1], spec.Summary);
        foreach (var argument in spec.Arguments)
        {
            added.Arguments.Add(new Argument<string>(argument.Name)
            {
                Description = argument.Description,
                Arity = argument.IsOptional ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
            });
        }

        foreach (var setting in spec.Settings)
        {
            added.Options.Add(Add(setting, recursive: false));
        }

        parent.Subcommands.Add(added);
        _specs.Add(added, spec);
    }

    private Option Add(Setting setting, bool recursive)
    {
        Option option = setting.Kind switch
        {
            SettingKind.Flag => new Option<bool>(setting.Option),
            SettingKind.Many => new Option<string[]>(setting.Option) { Arity = ArgumentArity.OneOrMore },
            SettingKind.Pair => new Option<string[]>(setting.Option)
            {
                // Who needs both says so himself, and what they are.
                Arity = new ArgumentArity(1, 2),
                AllowMultipleArgumentsPerToken = true,
            },
            _ => new Option<string>(setting.Option),
        };
        option.Description = setting.Description;
        option.Recursive = recursive;
        option.HelpName = setting.ValueName;
        if (setting.Choices is { } choices)
        {
            option.CompletionSources.Add([.. choices]);
        }

        _settings.Add(option, setting);
        return option;
    }
}
