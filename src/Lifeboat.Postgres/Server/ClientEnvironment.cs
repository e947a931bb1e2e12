using Lifeboat.Platform.Files;

namespace Lifeboat.Postgres.Server;

/// <summary>What libpq takes from around the process: variables, files below the home folder, the user's
/// name.</summary>
/// <param name="Variable">The value of an environment variable; null or empty when it is not set.</param>
/// <param name="UserName">The operating system's name of the effective user.</param>
/// <param name="Home">The home folder; empty when there is none.</param>
public sealed record ClientEnvironment(
    Func<string, string?> Variable, IFileSystem Files, string UserName, string Home)
{
    private const int MaxFileBytes = 1 << 20;

    public static ClientEnvironment OfProcess() => new(
        Environment.GetEnvironmentVariable,
        PosixFileSystem.Instance,
        Environment.UserName,
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    /// <summary>The variable, or null when it is unset or empty: libpq does not tell the two apart.</summary>
    internal string? Get(string name) => Variable(name) is { Length: > 0 } value ? value : null;

    /// <summary>The lines of a small text file; null when it does not exist.</summary>
    /// <exception cref="FileSystemException">It exists and cannot be read.</exception>
    internal string[]? ReadLines(string path)
    {
        if (Files.StatTarget(path) is not { Kind: FileKind.Regular } status)
        {
            return null;
        }

        using var file = Files.OpenRead(path);
        var bytes = new byte[Math.Min(status.Size, MaxFileBytes)];
        var read = file.Read(bytes, 0);
        return PosixPath.Decode(bytes.AsSpan(0, read)).Split('\n').Select(line => line.TrimEnd('\r')).ToArray();
    }
}
