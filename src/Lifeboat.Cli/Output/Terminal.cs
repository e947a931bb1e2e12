using Lifeboat.Platform.Files;

namespace Lifeboat.Cli.Output;

/// <summary>Where results and messages go. Results alone go to <paramref name="Out"/>.</summary>
/// <param name="OutIsTerminal">Whether a person looks at the results directly.</param>
/// <param name="ErrorIsTerminal">Whether a person looks at the messages directly, so that a line may be
/// rewritten.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, bool OutIsTerminal, bool ErrorIsTerminal)
{
    public static Terminal OfProcess() => new(
        Console.Out,
        Console.Error,
        !Console.IsOutputRedirected,
        !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"));

    /// <summary>
    /// For a command that is expected to say nothing: the console is made ready when the first line is written.
    /// </summary>
    public static Terminal OfQuietProcess() => new(
        new LateWriter(static () => Console.Out),
        new LateWriter(static () => Console.Error),
        PosixFileSystem.IsTerminal(1),
        PosixFileSystem.IsTerminal(2));

    public void Warn(string line) => Error.WriteLine($"lifeboat: warning: {line}");
}
