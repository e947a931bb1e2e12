using Lifeboat.Cli.Configuration;

namespace Lifeboat.Cli.Options;

/// <summary>
/// The settings of one call: the command line before the environment before the configuration file (the command's own
/// section before the keys at the top) before the default.
/// </summary>
internal sealed class Settings
{
    private readonly IReadOnlyDictionary<string, IReadOnlyList<string>> _given;
    private readonly Func<string, string?> _variable;
    private readonly ConfigurationFile? _file;
    private readonly string _command;

    /// <param name="given">What the command line says, by the setting's name.</param>
    /// <param name="variable">An environment variable; an empty one counts as not set.</param>
    /// <param name="command">The command's name, <c>wal push</c>; decides which section of the file counts.</param>
    public Settings(
        IReadOnlyDictionary<string, IReadOnlyList<string>> given,
        Func<string, string?> variable,
        ConfigurationFile? file,
        string command)
    {
        _given = given;
        _variable = variable;
        _file = file;
        _command = command;
    }

    /// <summary>The configuration file that was read; null when there is none.</summary>
    public string? ConfigurationPath => _file?.Path;

    public string? Variable(string name) => _variable(name) is { Length: > 0 } value ? value : null;

    /// <summary>The value; null when nobody gave one and there is no default.</summary>
    public SettingValue? Find(Setting setting)
    {
        if (_given.TryGetValue(setting.Name, out var texts))
        {
            return new SettingValue(texts, SettingOrigin.CommandLine, setting.Option);
        }

        if (Variable(setting.Variable) is { } text)
        {
            IReadOnlyList<string> values = setting.Kind is SettingKind.Many or SettingKind.Pair
                ? text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                : [text];
            return new SettingValue(values, SettingOrigin.Environment, setting.Variable);
        }

        return _file?.Find(_command, setting)
            ?? (setting.Default is null ? null
                : new SettingValue([setting.Default], SettingOrigin.Default, setting.Option));
    }

    /// <summary>Whether somebody gave it: anything but the default.</summary>
    public bool IsGiven(Setting setting) => Find(setting) is { Origin: not SettingOrigin.Default };

    public string? Text(Setting setting) => Find(setting)?.Text;
}
