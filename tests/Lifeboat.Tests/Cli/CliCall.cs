using System.Text.Json;
using Lifeboat.Cli;
using Lifeboat.Cli.Output;
using Lifeboat.Platform.Files;

namespace Lifeboat.Tests.Cli;

/// <summary>One call of the program inside the test: what it printed and how it ended.</summary>
internal sealed record CliCall(int ExitCode, string Out, string Error)
{
    /// <summary>The one document on stdout.</summary>
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>The error as it is on the last line of stderr.</summary>
    public JsonElement JsonError => JsonDocument.Parse(Error.TrimEnd().Split('\n')[^1]).RootElement;

    public static Task<CliCall> RunAsync(params string[] arguments) => RunAsync([], arguments);

    public static async Task<CliCall> RunAsync(
        Dictionary<string, string> variables, string[] arguments, CancellationToken cancellationToken = default)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var around = new ProgramEnvironment(
            new Terminal(output, error, OutIsTerminal: false, ErrorIsTerminal: false),
            name => variables.GetValueOrDefault(name),
            PosixFileSystem.Instance,
            TimeProvider.System);
        var exitCode = await EntryPoint.RunAsync(arguments, around, cancellationToken);
        return new CliCall(exitCode, output.ToString(), error.ToString());
    }
}
