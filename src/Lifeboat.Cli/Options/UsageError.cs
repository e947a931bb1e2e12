using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Options;

/// <summary>The command line, the environment or the configuration file does not make sense.</summary>
internal static class UsageError
{
    public static LifeboatException Of(
        string operation, string subject, string cause, string hint, Exception? inner = null) =>
        new(new Failure(ErrorCode.Usage, operation, subject, cause, Hint: hint), inner);
}
