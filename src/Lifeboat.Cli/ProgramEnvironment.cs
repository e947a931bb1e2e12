using Lifeboat.Cli.Output;
using Lifeboat.Platform.Files;

namespace Lifeboat.Cli;

/// <summary>What is around the program, given to it so that tests can give something else.</summary>
/// <param name="Variable">An environment variable; null or empty when it is not set.</param>
internal sealed record ProgramEnvironment(
    Terminal Terminal, Func<string, string?> Variable, IFileSystem Files, TimeProvider Time);
