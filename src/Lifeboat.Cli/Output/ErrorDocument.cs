namespace Lifeboat.Cli.Output;

/// <summary>An error for programs.</summary>
/// <param name="Code">The error code in camel case: <c>notFound</c>.</param>
internal sealed record ErrorDocument(
    string Code, string Operation, string Subject, string Cause, string Hint, int ExitCode);
