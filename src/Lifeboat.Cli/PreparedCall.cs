using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Configuration;
using Lifeboat.Cli.Options;

namespace Lifeboat.Cli;

/// <summary>A command with everything that it was given.</summary>
internal sealed record PreparedCall(CommandSpec Spec, CommandContext Context)
{
    public static PreparedCall Of(
        CommandSpec spec,
        IReadOnlyDictionary<string, IReadOnlyList<string>> given,
        IReadOnlyList<string> arguments,
        ProgramEnvironment around)
    {
        var file = ConfigurationSource.Load(given, around.Variable, around.Files);
        var settings = new Settings(given, around.Variable, file, spec.Name);
        return new PreparedCall(
            spec, new CommandContext(settings, arguments, around.Terminal, around.Files, around.Time));
    }

    public Task<int> RunAsync(CancellationToken cancellationToken) => Spec.RunAsync(Context, cancellationToken);
}
