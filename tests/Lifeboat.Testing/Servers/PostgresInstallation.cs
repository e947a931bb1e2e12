namespace Lifeboat.Testing.Servers;

/// <summary>The programs of one PostgreSQL major, as <c>eng/setup</c> puts them on the machine.</summary>
public sealed class PostgresInstallation
{
    private PostgresInstallation(int major, string bin)
    {
        Major = major;
        Bin = bin;
    }

    /// <summary>The majors that the tests run on: the oldest and the newest supported, and two between.</summary>
    public static IReadOnlyList<int> Majors { get; } = [13, 15, 17, 18];

    public int Major { get; }

    /// <summary>The folder of the programs.</summary>
    public string Bin { get; }

    /// <summary>A major that is missing fails the test: it never skips it.</summary>
    public static PostgresInstallation Of(int major)
    {
        var parts = Environment.GetEnvironmentVariable("LIFEBOAT_PARTS") is { Length: > 0 } chosen
            ? chosen
            : "/var/tmp/lifeboat-parts";
        var bin = Path.Combine(parts, $"postgresql-{major}", "bin");
        return File.Exists(Path.Combine(bin, "postgres"))
            ? new PostgresInstallation(major, bin)
            : throw new FileNotFoundException($"PostgreSQL {major} is not in {bin}: run eng/setup");
    }

    public string Tool(string name) => Path.Combine(Bin, name);

    /// <summary>Runs one of its programs as the user postgres.</summary>
    public Task<ProgramResult> RunAsync(string tool, params IReadOnlyList<string> arguments) =>
        RunningProgram.RunAsync(new ProgramStart(Tool(tool), arguments) { AsPostgres = true });

    public override string ToString() => $"PostgreSQL {Major}";
}
