using System.Runtime.InteropServices;
using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Cli;

/// <summary>
/// Starts a call and ends it: signals, errors, exit code. Kept free of every library, so that a WAL command that
/// PostgreSQL starts once per segment pays for none of them.
/// </summary>
internal static class EntryPoint
{
    public static Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var isShort = ShortPath.IsFor(arguments);
        var around = new ProgramEnvironment(
            isShort ? Terminal.OfQuietProcess() : Terminal.OfProcess(),
            Environment.GetEnvironmentVariable,
            PosixFileSystem.Instance,
            TimeProvider.System);

        // A WAL command is ended by a signal as any program is: it leaves nothing that counts, and PostgreSQL understands.
        return isShort
            ? RunAsync(arguments, around, CancellationToken.None)
            : RunStoppablyAsync(arguments, around);
    }

    private static async Task<int> RunStoppablyAsync(IReadOnlyList<string> arguments, ProgramEnvironment around)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await RunAsync(arguments, around, stop.Token);

        void Stop(PosixSignalContext context)
        {
            // The second signal ends the process as it would without this handler.
            if (!stop.IsCancellationRequested)
            {
                context.Cancel = true;
                stop.Cancel();
            }
        }
    }

    /// <summary>Runs one command line and returns the exit code; throws nothing.</summary>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, ProgramEnvironment around, CancellationToken cancellationToken)
    {
        try
        {
            return ShortPath.TryPrepare(arguments, around) is { } call
                ? await call.RunAsync(cancellationToken)
                : await FullPath.RunAsync(arguments, around, cancellationToken);
        }
        catch (Exception exception)
        {
            var failure = ErrorReport.Describe(exception, cancellationToken.IsCancellationRequested);
            var exitCode = FailureExit.CodeOf(failure, arguments, around);
            ErrorReport.Write(around.Terminal, failure, exitCode, WantsJson(arguments, around));
            if (around.Variable(GlobalSettings.DebugVariable) == "1")
            {
                around.Terminal.Error.WriteLine(exception);
            }

            return exitCode;
        }
    }

    // The error may be that the options cannot be read, so this looks only for what cannot be misunderstood.
    private static bool WantsJson(IReadOnlyList<string> arguments, ProgramEnvironment around)
    {
        for (var at = arguments.Count - 1; at >= 0; at--)
        {
            if (arguments[at] == "--output" && at + 1 < arguments.Count)
            {
                return arguments[at + 1] == "json";
            }

            if (arguments[at].StartsWith("--output=", StringComparison.Ordinal))
            {
                return arguments[at] == "--output=json";
            }
        }

        return around.Variable(GlobalSettings.Output.Variable) == "json";
    }
}
