using System.CommandLine;
using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Options;
using Lifeboat.Cli.Parsing;

namespace Lifeboat.Cli;

/// <summary>The way of every command line: parsed by System.CommandLine, with help and completion.</summary>
internal static class FullPath
{
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, ProgramEnvironment around, CancellationToken cancellationToken)
    {
        var tree = new CommandTree();
        var parsed = tree.Parse(arguments);
        if (parsed.Action is { ClearsParseErrors: true })
        {
            return await parsed.InvokeAsync(Invocation(around), cancellationToken);
        }

        if (parsed.GetValue(tree.Version))
        {
            VersionCommand.Print(around.Terminal, json: false);
            return 0;
        }

        if (arguments.Count == 0)
        {
            new HelpPage(tree).Write(tree.Root, around.Terminal.Error);
            throw Usage("no command was given", "lifeboat");
        }

        if (parsed.Errors.Count > 0 || tree.SpecOf(parsed.CommandResult.Command) is not { } spec)
        {
            // The word that is not known says more than that a command is missing.
            var unknown = parsed.UnmatchedTokens.Select(token => $"'{token}' is not known here").ToList();
            var errors = unknown.Count > 0 ? unknown : [.. parsed.Errors.Select(error => error.Message.TrimEnd('.'))];
            throw Usage(
                errors.Count > 0 ? string.Join("; ", errors.Distinct()) : "a command is missing",
                HelpOf(tree, parsed.CommandResult.Command));
        }

        // What the parser itself answers, such as completions of a shell.
        if (parsed.Action is not null)
        {
            return await parsed.InvokeAsync(Invocation(around), cancellationToken);
        }

        var values = parsed.CommandResult.Command.Arguments
            .Select(argument => parsed.GetValue((Argument<string>)argument))
            .OfType<string>()
            .ToList();
        // Workers read, write and sync files without giving their threads up meanwhile. The pool would wait half a second
        // before it adds one for whoever hands them their work.
        ThreadPool.SetMinThreads((2 * Environment.ProcessorCount) + 8, Environment.ProcessorCount);
        return await PreparedCall.Of(spec, tree.Given(parsed), values, around).RunAsync(cancellationToken);
    }

    private static string HelpOf(CommandTree tree, Command command) =>
        tree.SpecOf(command) is { } spec ? $"lifeboat {spec.Name}"
        : command is RootCommand ? "lifeboat"
        : $"lifeboat {command.Name}";

    private static Platform.Errors.LifeboatException Usage(string cause, string command) =>
        UsageError.Of("read the command line", "", cause, $"See '{command} --help'.");

    private static InvocationConfiguration Invocation(ProgramEnvironment around) => new()
    {
        Output = around.Terminal.Out,
        Error = around.Terminal.Error,
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
    };
}
