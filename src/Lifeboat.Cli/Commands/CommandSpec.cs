using Lifeboat.Cli.Options;

namespace Lifeboat.Cli.Commands;

/// <summary>
/// One command: what the parsers, the help and the configuration need to know of it, and what it does.
/// </summary>
/// <param name="Name">Its words: <c>wal push</c>.</param>
/// <param name="Summary">One line for the list of commands.</param>
/// <param name="Arguments">The positional arguments.</param>
/// <param name="Settings">Its own settings, beside the global ones.</param>
/// <param name="Examples">Command lines that are right, with a word on each.</param>
/// <param name="RunAsync">Does it; returns the exit code.</param>
internal sealed record CommandSpec(
    string Name,
    string Summary,
    IReadOnlyList<CommandArgument> Arguments,
    IReadOnlyList<Setting> Settings,
    IReadOnlyList<CommandExample> Examples,
    Func<CommandContext, CancellationToken, Task<int>> RunAsync)
{
    /// <summary>What the help says beyond the summary; empty when the summary says it all.</summary>
    public string Details { get; init; } = "";

    public string[] Words => Name.Split(' ');
}

internal sealed record CommandArgument(string Name, string Description)
{
    /// <summary>It may be left away; only the last one can be.</summary>
    public bool IsOptional { get; init; }
}

/// <param name="Line">The whole line, beginning with <c>lifeboat</c>.</param>
internal sealed record CommandExample(string Line, string Meaning);
