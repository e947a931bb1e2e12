namespace Lifeboat.Cli.Options;

/// <summary>Where a value came from; a greater one wins.</summary>
internal enum SettingOrigin
{
    Default,
    Configuration,
    Environment,
    CommandLine,
}

/// <summary>The value of a setting, as text, and where it came from.</summary>
/// <param name="Texts">One for a value, <c>true</c> or <c>false</c> for a flag, any number otherwise.</param>
/// <param name="Source">For messages: <c>--jobs</c>, <c>LIFEBOAT_JOBS</c>, <c>jobs in FILE (line 3, column
/// 7)</c>.</param>
internal sealed record SettingValue(IReadOnlyList<string> Texts, SettingOrigin Origin, string Source)
{
    public string Text => Texts[^1];
}
