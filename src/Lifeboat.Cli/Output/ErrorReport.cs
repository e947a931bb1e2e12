using System.Text.Json;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Output;

/// <summary>Tells the user of an error, once, at the end.</summary>
internal static class ErrorReport
{
    /// <summary>What the exception comes to; one that nobody foresaw is an internal error.</summary>
    public static Failure Describe(Exception exception, bool cancelled) => exception switch
    {
        LifeboatException known => known.Failure,
        OperationCanceledException when cancelled => new Failure(
            ErrorCode.Cancelled,
            "run the command",
            "",
            "it was asked to stop",
            Hint: "Run the same command again; nothing half-done counts."),
        _ => new Failure(
            ErrorCode.Failed,
            "internal error",
            exception.GetType().Name,
            exception.Message,
            Hint: "This is a fault of Lifeboat. Run it again with LIFEBOAT_DEBUG=1 and report what it prints."),
    };

    /// <param name="exitCode">What the process will return.</param>
    public static void Write(Terminal terminal, Failure failure, int exitCode, bool json)
    {
        terminal.Error.WriteLine(json
            ? Documents.Serialise(
                new ErrorDocument(
                    JsonNamingPolicy.CamelCase.ConvertName(failure.Code.ToString()),
                    failure.Operation,
                    failure.Subject,
                    failure.Cause,
                    failure.Hint,
                    exitCode),
                ErrorJson.Default.ErrorDocument)
            : Text(failure));
    }

    public static string Text(Failure failure) => failure.Hint.Length == 0
        ? $"lifeboat: error: {failure}"
        : $"lifeboat: error: {failure}{Environment.NewLine}hint: {failure.Hint}";
}
