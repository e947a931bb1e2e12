using Lifeboat.Cli.Commands;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Output;

/// <summary>
/// The end of a command that showed damage: its report is printed, and the exit code must not say that all is well.
/// </summary>
internal static class DamageExit
{
    public static int Report(CommandContext context, string operation, int count, string? hint = null)
    {
        var failure = new Failure(
            ErrorCode.Damaged,
            operation,
            context.Settings.Text(Options.GlobalSettings.Repository) ?? "",
            count == 1 ? "one thing is damaged or missing" : $"{count} things are damaged or missing",
            Hint: hint ?? "Run 'lifeboat check --read-data' to see what is damaged and which backups it hurts.");
        var exitCode = ExitCodes.Of(failure.Code);
        ErrorReport.Write(context.Terminal, failure, exitCode, context.Json);
        return exitCode;
    }
}
