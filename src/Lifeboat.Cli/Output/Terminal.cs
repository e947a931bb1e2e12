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

    public void Warn(string line) => Error.WriteLine($"lifeboat: warning: {line}");
}
