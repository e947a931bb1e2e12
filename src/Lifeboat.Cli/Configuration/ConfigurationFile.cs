using Lifeboat.Cli.Options;
using Lifeboat.Cli.Retention;

namespace Lifeboat.Cli.Configuration;

/// <summary>The configuration file: every option is a key at the top, and again in its command's section.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Top">Keys at the top, by name.</param>
/// <param name="Sections">Keys of each command, by the section's name: <c>backup</c>, <c>wal-push</c>.</param>
internal sealed record ConfigurationFile(
    string Path,
    IReadOnlyDictionary<string, SettingValue> Top,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, SettingValue>> Sections)
{
    /// <summary>The section of a command: its words joined by hyphens.</summary>
    public static string SectionOf(string command) => command.Replace(' ', '-');

    public SettingValue? Find(string command, Setting setting) =>
        Sections.TryGetValue(SectionOf(command), out var section) && section.TryGetValue(setting.Name, out var own) ? own
        : PolicySettings.All.Contains(setting) && Sections.TryGetValue(PolicySettings.Section, out var policy)
            && policy.TryGetValue(setting.Name, out var kept) ? kept
        : Top.GetValueOrDefault(setting.Name);
}
