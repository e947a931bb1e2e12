namespace Lifeboat.Testing.Servers;

/// <summary>The published program, <c>artifacts/lifeboat</c>, as a user starts it.</summary>
public static class LifeboatProgram
{
    /// <summary>Where it is; fails, naming what builds it, when it is not there.</summary>
    public static string Path
    {
        get
        {
            var path = System.IO.Path.Combine(RepositoryFolder.Root, "artifacts", "lifeboat");
            return File.Exists(path)
                ? path
                : throw new FileNotFoundException($"{path} is missing: run eng/build", path);
        }
    }

    /// <summary>A start of the program that a test may change with <c>with</c> before it is run.</summary>
    public static ProgramStart With(params IReadOnlyList<string> arguments) => new(Path, arguments);

    /// <summary>Runs it as the test's own user and returns how it ended.</summary>
    public static Task<ProgramResult> RunAsync(params IReadOnlyList<string> arguments) =>
        RunningProgram.RunAsync(With(arguments));

    /// <summary>Runs it as the user postgres.</summary>
    public static Task<ProgramResult> RunAsPostgresAsync(params IReadOnlyList<string> arguments) =>
        RunningProgram.RunAsync(With(arguments) with { AsPostgres = true });
}
