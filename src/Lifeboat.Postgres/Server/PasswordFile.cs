using System.Text;
using Lifeboat.Platform.Files;

namespace Lifeboat.Postgres.Server;

/// <summary>
/// <c>.pgpass</c>: lines of <c>host:port:database:user:password</c>, the first that matches counts, <c>*</c> matches
/// anything, a backslash takes the next character as it is. A file that others can read is not used, as libpq does.
/// </summary>
internal static class PasswordFile
{
    private const int OthersMayAccess = 0b111_111;

    /// <returns>The password, or null; and why the file was not used, or null.</returns>
    public static (string? Password, string? Warning) Find(
        string path, string host, string port, string database, string user, ClientEnvironment environment)
    {
        if (environment.Files.StatTarget(path) is not { } status)
        {
            return (null, null);
        }

        if (status.Kind != FileKind.Regular)
        {
            return (null, $"the password file {PosixPath.Display(path)} is not a plain file and was not used");
        }

        if ((status.Mode & OthersMayAccess) != 0)
        {
            return (null, $"the password file {PosixPath.Display(path)} can be accessed by others and was not used:"
                + " its mode must be 0600 or less");
        }

        try
        {
            foreach (var line in environment.ReadLines(path) ?? [])
            {
                if (Match(line, [host, port, database, user]) is { } password)
                {
                    return (password, null);
                }
            }
        }
        catch (FileSystemException error)
        {
            return (null, $"the password file could not be read: {error.Message}");
        }

        return (null, null);
    }

    private static string? Match(string line, ReadOnlySpan<string> wanted)
    {
        if (line.Length == 0 || line[0] == '#')
        {
            return null;
        }

        var at = 0;
        foreach (var want in wanted)
        {
            var start = at;
            var field = new StringBuilder();
            for (; at < line.Length && line[at] != ':'; at++)
            {
                at += line[at] == '\\' && at + 1 < line.Length ? 1 : 0;
                field.Append(line[at]);
            }

            var any = at - start == 1 && line[start] == '*';
            if (at == line.Length || (!any && field.ToString() != want))
            {
                return null;
            }

            at++;
        }

        return Unescape(line[at..]);
    }

    private static string Unescape(string text)
    {
        var value = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            at += text[at] == '\\' && at + 1 < text.Length ? 1 : 0;
            value.Append(text[at]);
        }

        return value.ToString();
    }
}
