using System.Diagnostics;

namespace Lifeboat.Testing.Servers;

/// <summary>
/// The user that PostgreSQL runs as, since it refuses root. Tests that run as an ordinary user run it as themselves.
/// </summary>
public static class PostgresUser
{
    /// <summary>Whether programs for PostgreSQL have to be started through <c>setpriv</c>.</summary>
    public static bool IsAnother { get; } = Environment.IsPrivilegedProcess;

    /// <summary>The words in front of a command that make it run as this user, in the same process.</summary>
    internal static IReadOnlyList<string> Prefix { get; } = IsAnother
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        : [];

    /// <summary>Gives everything under the path to this user.</summary>
    public static void Own(string path)
    {
        if (IsAnother)
        {
            Coreutils("chown", "-R", "--no-dereference", "postgres:postgres", "--", path);
        }
    }

    /// <summary>Runs a command of the system's that must succeed.</summary>
    public static void Coreutils(string file, params string[] arguments)
    {
        var info = new ProcessStartInfo(file, arguments) { RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(info)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{file} {string.Join(' ', arguments)}: {error}");
        }
    }
}
