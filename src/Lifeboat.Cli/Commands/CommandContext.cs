using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Platform.Files;

namespace Lifeboat.Cli.Commands;

/// <summary>What a command works with.</summary>
/// <param name="Arguments">The positional arguments, as many as were given.</param>
internal sealed record CommandContext(
    Settings Settings,
    IReadOnlyList<string> Arguments,
    Terminal Terminal,
    IFileSystem Files,
    TimeProvider Time)
{
    /// <summary>Whether the result goes to a program.</summary>
    public bool Json { get; } = Settings.Choice(GlobalSettings.Output) == "json";

    public bool Quiet { get; } = Settings.Flag(GlobalSettings.Quiet);
}
