using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Options;

namespace Lifeboat.Cli;

/// <summary>
/// The way of the WAL commands, which PostgreSQL starts once per segment: no library parses or prints.
/// </summary>
internal static class ShortPath
{
    private static readonly CommandSpec[] s_commands = [WalPushCommand.Spec, WalFetchCommand.Spec];

    /// <summary>Whether the words of one of its commands are on the command line.</summary>
    public static bool IsFor(IReadOnlyList<string> arguments)
    {
        for (var at = 0; at + 1 < arguments.Count; at++)
        {
            if (arguments[at] == "wal" && arguments[at + 1] is "push" or "fetch")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The call; null when the command line is of another command or is better explained by the full parser.
    /// </summary>
    public static PreparedCall? TryPrepare(IReadOnlyList<string> arguments, ProgramEnvironment around)
    {
        if (!IsFor(arguments))
        {
            return null;
        }

        foreach (var spec in s_commands)
        {
            var parsed = ShortArguments.TryParse(
                arguments, spec.Words, spec.Arguments.Count, [.. GlobalSettings.All, .. spec.Settings]);
            if (parsed is not null)
            {
                return PreparedCall.Of(spec, parsed.Given, parsed.Arguments, around);
            }
        }

        return null;
    }
}
