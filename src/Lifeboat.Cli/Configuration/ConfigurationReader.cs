using Lifeboat.Cli.Options;
using Lifeboat.Cli.Retention;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Lifeboat.Cli.Configuration;

/// <summary>Reads the YAML of the configuration file. Whatever it does not know is an error with its line.</summary>
internal sealed class ConfigurationReader
{
    private readonly string _path;
    private readonly IReadOnlyDictionary<string, Setting> _settings;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<Setting>> _sections;

    private ConfigurationReader(
        string path,
        IReadOnlyDictionary<string, Setting> settings,
        IReadOnlyDictionary<string, IReadOnlyList<Setting>> sections)
    {
        _path = path;
        _settings = settings;
        _sections = sections;
    }

    /// <param name="commands">Every command's name and its own settings.</param>
    /// <exception cref="LifeboatException">Usage: with line and column.</exception>
    public static ConfigurationFile Read(
        string path, string text, IEnumerable<(string Command, IReadOnlyList<Setting> Settings)> commands)
    {
        var all = commands.ToList();
        var settings = GlobalSettings.All.Concat(all.SelectMany(command => command.Settings))
            .Where(setting => setting != GlobalSettings.Config)
            .DistinctBy(setting => setting.Name)
            .ToDictionary(setting => setting.Name, StringComparer.Ordinal);
        var sections = all.ToDictionary(
            command => ConfigurationFile.SectionOf(command.Command),
            command => command.Settings, StringComparer.Ordinal);
        sections.Add(PolicySettings.Section, PolicySettings.All);
        return new ConfigurationReader(path, settings, sections).Read(text);
    }

    private ConfigurationFile Read(string text)
    {
        var top = new Dictionary<string, SettingValue>(StringComparer.Ordinal);
        var sections = new Dictionary<string, IReadOnlyDictionary<string, SettingValue>>(StringComparer.Ordinal);
        foreach (var (key, value) in Entries(Parse(text)))
        {
            if (_sections.TryGetValue(key.Value!, out var own))
            {
                sections.Add(key.Value!, ReadSection(key, value, own));
            }
            else
            {
                top.Add(key.Value!, ReadValue(key, value, _settings.GetValueOrDefault(key.Value!)));
            }
        }

        return new ConfigurationFile(_path, top, sections);
    }

    private Dictionary<string, SettingValue> ReadSection(YamlScalarNode key, YamlNode value, IReadOnlyList<Setting> own)
    {
        if (value is not YamlMappingNode)
        {
            throw Wrong(value, $"'{key.Value}' is a section, with options of 'lifeboat {key.Value}' below it",
                $"Write the options indented below '{key.Value}:'.");
        }

        var section = new Dictionary<string, SettingValue>(StringComparer.Ordinal);
        foreach (var (name, inner) in Entries(value))
        {
            var setting = own.Concat(GlobalSettings.All.Where(setting => setting != GlobalSettings.Config))
                .FirstOrDefault(setting => setting.Name == name.Value);
            section.Add(name.Value!, ReadValue(name, inner, setting));
        }

        return section;
    }

    private SettingValue ReadValue(YamlScalarNode key, YamlNode value, Setting? setting)
    {
        if (setting is null)
        {
            throw Unknown(key);
        }

        var source = $"{setting.Name} in {PosixPath.Display(_path)} ({Place(value)})";
        if (value is YamlSequenceNode list && setting.Kind is SettingKind.Many or SettingKind.Pair)
        {
            return new SettingValue([.. list.Children.Select(Scalar)], SettingOrigin.Configuration, source);
        }

        if (value is YamlMappingNode && setting.TakesMapping)
        {
            return new SettingValue(
                [.. Entries(value).Select(entry => $"{entry.Key.Value}={Scalar(entry.Value)}")],
                SettingOrigin.Configuration,
                source);
        }

        var text = Scalar(value);
        return text.Length == 0
            ? throw Wrong(value, $"'{setting.Name}' has no value", "Give it one, or leave the line away.")
            : new SettingValue([text], SettingOrigin.Configuration, source);
    }

    private IEnumerable<(YamlScalarNode Key, YamlNode Value)> Entries(YamlNode? node)
    {
        if (node is null || (node is YamlScalarNode empty && string.IsNullOrEmpty(empty.Value)))
        {
            yield break;
        }

        if (node is not YamlMappingNode mapping)
        {
            throw Wrong(node, "keys and values are expected here", "Write 'key: value', one to a line.");
        }

        foreach (var (key, value) in mapping.Children)
        {
            yield return key is YamlScalarNode { Value.Length: > 0 } name
                ? (name, value)
                : throw Wrong(key, "a key is plain text", "Write 'key: value', one to a line.");
        }
    }

    private YamlNode? Parse(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException exception)
        {
            // Its message can quote the text around it, which may be anything; the place is what helps.
            throw UsageError.Of(
                "read the configuration file",
                PosixPath.Display(_path),
                $"{Place(exception.Start)}: it is not valid YAML, or a key is given twice",
                "Check indentation, quotes and repeated keys around that line.",
                exception);
        }

        return stream.Documents.Count switch
        {
            0 => null,
            1 => stream.Documents[0].RootNode,
            _ => throw Wrong(stream.Documents[1].RootNode, "a second document begins",
                "Keep one document in the file."),
        };
    }

    private string Scalar(YamlNode node) => node is YamlScalarNode scalar
        ? scalar.Value ?? ""
        : throw Wrong(node, "a single value is expected here", "Write 'key: value' on one line.");

    private LifeboatException Unknown(YamlScalarNode key) =>
        key.Value!.Contains("passphrase", StringComparison.OrdinalIgnoreCase)
        || key.Value.Contains("password", StringComparison.OrdinalIgnoreCase)
            ? Wrong(
                key,
                $"'{key.Value}' would keep a secret in this file",
                $"Write 'passphrase-file:' or 'key-file:' with a path, or set {GlobalSettings.PassphraseVariable}; a "
                + "server's password belongs in ~/.pgpass.")
            : Wrong(key, $"'{PosixPath.Display(key.Value)}' is not known here", Suggestion(key.Value));

    private string Suggestion(string key)
    {
        var plain = key.Replace('_', '-').ToLowerInvariant();
        return _settings.ContainsKey(plain)
            ? $"Write '{plain}'."
            : $"Keys are the options without their dashes ({string.Join(", ", GlobalSettings.All.Skip(1).Select(s => s.Name))}, "
                + "…); a section has a command's name. See docs/operating/configuration.md.";
    }

    private LifeboatException Wrong(YamlNode node, string cause, string hint) => UsageError.Of(
        "read the configuration file", PosixPath.Display(_path), $"{Place(node)}: {cause}", hint);

    private static string Place(YamlNode node) => Place(node.Start);

    private static string Place(Mark mark) => $"line {mark.Line}, column {mark.Column}";
}
