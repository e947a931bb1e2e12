using System.Reflection;

namespace Lifeboat.Cli.Commands;

internal static class ProgramVersion
{
    /// <summary>Of the repository format that is written (docs/format/repository-v0.md).</summary>
    public const int Format = 0;

    /// <summary>The release, with the commit behind a plus sign where the build knew it.</summary>
    public static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion ?? "unknown";
}
