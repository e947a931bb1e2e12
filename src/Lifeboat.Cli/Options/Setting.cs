namespace Lifeboat.Cli.Options;

/// <summary>How many values a setting takes.</summary>
internal enum SettingKind
{
    /// <summary>One value.</summary>
    Value,

    /// <summary>None: it is there or not; in the environment and the configuration it is true or false.</summary>
    Flag,

    /// <summary>Any number of values; in the environment they are separated by line breaks.</summary>
    Many,

    /// <summary>Two values: <c>--between A B</c>; in the environment they are separated by a line break.</summary>
    Pair,
}

/// <summary>
/// One option of the program. It is at the same time an environment variable and a key of the configuration file, so
/// that there is one name to learn.
/// </summary>
/// <param name="Name">Without the dashes: <c>cluster-dir</c>.</param>
/// <param name="ValueName">What stands for the value in the help; null for a flag.</param>
/// <param name="Description">One sentence for the help, without a full stop.</param>
/// <param name="Default">The value when nobody gives one, as it is shown in the help.</param>
internal sealed record Setting(
    string Name, string? ValueName, string Description, SettingKind Kind = SettingKind.Value, string? Default = null)
{
    /// <summary>The values that it may have; null when any text may be right.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>Whether the configuration file may give it as keys and values, which stand for <c>key=value</c>.</summary>
    public bool TakesMapping { get; init; }

    /// <summary><c>--cluster-dir</c>.</summary>
    public string Option => "--" + Name;

    /// <summary><c>LIFEBOAT_CLUSTER_DIR</c>.</summary>
    public string Variable => "LIFEBOAT_" + Name.Replace('-', '_').ToUpperInvariant();

    public static Setting Flag(string name, string description) => new(name, null, description, SettingKind.Flag);
}
