using Lifeboat.Cli.Options;
using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Cli;

/// <summary>The exit code of a failure.</summary>
internal static class FailureExit
{
    /// <remarks>
    /// To a recovery every small code of <c>wal fetch</c> means that the file does not exist, and it ends there. So
    /// each
    /// failure, a misspelt option included, becomes <see cref="ExitCodes.CannotTell"/> when a recovery asked.
    /// </remarks>
    public static int CodeOf(Failure failure, IReadOnlyList<string> arguments, ProgramEnvironment around)
    {
        var fetch = arguments.Index().FirstOrDefault(
            item => item.Item == "fetch" && arguments.Take(item.Index).Contains("wal", StringComparer.Ordinal),
            (Index: -1, Item: ""));
        if (fetch.Index < 0)
        {
            return ExitCodes.Of(failure.Code);
        }

        var destination = fetch.Index + 2 < arguments.Count ? arguments[fetch.Index + 2] : ".";
        return InRecovery(GivenDirectory(arguments, around), destination, around.Files)
            ? ExitCodes.CannotTell
            : ExitCodes.Of(failure.Code);
    }

    private static bool InRecovery(string? directory, string destination, IFileSystem files)
    {
        try
        {
            return FetchFailure.ExitCode(files, ServerDirectory.Locate(files, directory, destination))
                == ExitCodes.CannotTell;
        }
        catch (FileSystemException)
        {
            return true;
        }
    }

    private static string? GivenDirectory(IReadOnlyList<string> arguments, ProgramEnvironment around)
    {
        var option = CommonSettings.ClusterDirectory.Option;
        for (var at = 0; at < arguments.Count; at++)
        {
            if (arguments[at] == option && at + 1 < arguments.Count)
            {
                return arguments[at + 1];
            }

            if (arguments[at].StartsWith(option + "=", StringComparison.Ordinal))
            {
                return arguments[at][(option.Length + 1)..];
            }
        }

        return around.Variable(CommonSettings.ClusterDirectory.Variable) is { Length: > 0 } value ? value : null;
    }
}
