using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Postgres.Server;

/// <summary>
/// <c>pg_service.conf</c>: sections of keywords and values. The user's own file is asked first, then the one of the
/// system (in PGSYSCONFDIR or where Debian keeps it).
/// </summary>
internal static class ServiceFile
{
    private const string DebianFolder = "/etc/postgresql-common";

    public static Dictionary<string, string> Read(string service, string? file, ClientEnvironment environment)
    {
        if (file is not null && environment.Files.StatTarget(file) is null)
        {
            throw Error(file, "the service file does not exist");
        }

        string[] candidates =
        [
            file ?? PosixPath.Combine(environment.Home, ".pg_service.conf"),
            PosixPath.Combine(environment.Get("PGSYSCONFDIR") ?? DebianFolder, "pg_service.conf"),
        ];
        foreach (var candidate in candidates)
        {
            if (environment.ReadLines(candidate) is { } lines && Find(service, candidate, lines) is { } values)
            {
                return values;
            }
        }

        throw Error(candidates[0], $"no service \"{service}\" is defined there or in {candidates[1]}");
    }

    private static Dictionary<string, string>? Find(string service, string file, string[] lines)
    {
        Dictionary<string, string>? values = null;
        for (var number = 0; number < lines.Length; number++)
        {
            var line = lines[number].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == '[')
            {
                if (values is not null)
                {
                    break;
                }

                values = line == $"[{service}]" ? new(StringComparer.Ordinal) : null;
                continue;
            }

            if (values is null)
            {
                continue;
            }

            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var keyword = equals < 0 ? "" : line[..equals];
            if (!ConnInfoKeywords.IsKnown(keyword) || keyword is "service" or "servicefile")
            {
                throw Error(file, $"line {number + 1} is not a connection keyword, \"=\" and a value");
            }

            values.TryAdd(keyword, line[(equals + 1)..]);
        }

        return values;
    }

    private static LifeboatException Error(string file, string cause) => new(new Failure(
        ErrorCode.Usage,
        "read the service file",
        PosixPath.Display(file),
        cause,
        Hint: "Check PGSERVICE, PGSERVICEFILE and the file, or give the connection in full."));
}
