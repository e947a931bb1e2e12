using System.Runtime.InteropServices;
using Lifeboat.Cli.Output;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Commands;

internal static class VersionCommand
{
    public static readonly CommandSpec Spec = new(
        "version",
        "Show the version of the program and of the repository format",
        [],
        [],
        [new("lifeboat version", "Show the version")],
        static (context, _) =>
        {
            Print(context.Terminal, context.Json);
            return Task.FromResult(ExitCodes.Done);
        });

    public static void Print(Terminal terminal, bool json)
    {
        if (json)
        {
            Documents.Print(
                terminal,
                new VersionDocument(
                    ProgramVersion.Text, ProgramVersion.Format, RuntimeInformation.FrameworkDescription),
                CliJson.Default.VersionDocument);
        }
        else
        {
            terminal.Out.WriteLine($"lifeboat {ProgramVersion.Text} (repository format v{ProgramVersion.Format})");
        }
    }
}
