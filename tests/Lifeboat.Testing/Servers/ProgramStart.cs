namespace Lifeboat.Testing.Servers;

/// <summary>A program to start. Nothing of the tester's own PG*, DATABASE_URL or LIFEBOAT_* variables reaches
/// it.</summary>
/// <param name="File">A path, or a name that is looked for in PATH.</param>
public sealed record ProgramStart(string File, params IReadOnlyList<string> Arguments)
{
    /// <summary>Whether it runs as the user postgres.</summary>
    public bool AsPostgres { get; init; }

    /// <summary>Variables set for it; null removes one.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    public string WorkingDirectory { get; init; } = "/";

    /// <summary>What it reads from its standard input; empty means an input that is at its end.</summary>
    public string Input { get; init; } = "";

    /// <summary>After this long it is killed and the test fails with what it had written.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    public override string ToString() => $"{File} {string.Join(' ', Arguments)}";
}

/// <summary>What a program that has ended left.</summary>
/// <param name="ExitCode">Above 128 when a signal ended it: 128 and the signal's number.</param>
public sealed record ProgramResult(string Command, int ExitCode, string Output, string Error)
{
    /// <summary>The result itself when the program ended with this code; otherwise the test fails with both
    /// outputs.</summary>
    public ProgramResult Expect(int exitCode = 0) => ExitCode == exitCode
        ? this
        : throw new InvalidOperationException($"exit code {ExitCode} where {exitCode} was expected\n{this}");

    public override string ToString() =>
        $"$ {Command}\nexit code {ExitCode}\n--- standard output\n{Output}\n--- standard error\n{Error}";
}
