using System.Globalization;
using Lifeboat.Platform.Files;

namespace Lifeboat.Postgres.Server;

/// <summary>Which of several servers is wanted: libpq's target_session_attrs.</summary>
public enum TargetSession
{
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// <summary>One address to try.</summary>
/// <param name="Host">A name, an address, or the folder of a unix socket (it begins with a slash).</param>
public sealed record ServerAddress(string Host, int Port)
{
    public bool IsSocket => Host.StartsWith('/') || Host.StartsWith('@');

    public override string ToString() => IsSocket
        ? $"{PosixPath.Display(Host)}/.s.PGSQL.{Port.ToString(CultureInfo.InvariantCulture)}"
        : $"{Host}:{Port.ToString(CultureInfo.InvariantCulture)}";
}

/// <summary>
/// How to reach a server, found the way libpq finds it: what the text says, then the service it names, then the PG*
/// variables, then the defaults. Immutable; its text form never holds a password.
/// </summary>
public sealed partial class ConnInfo
{
    /// <summary>
    /// libpq would take the user's own name; a tool for the whole cluster wants the database that every cluster has, as
    /// pg_dumpall and pg_amcheck do.
    /// </summary>
    private const string MaintenanceDatabase = "postgres";

    private const int DefaultPort = 5432;

    // Debian's folder, then the one that PostgreSQL has when nobody says otherwise.
    private static readonly string[] s_socketFolders = ["/var/run/postgresql", "/tmp"];

    // A variable that says where a server is; any of them is meant more than DATABASE_URL, which others may have set.
    private static readonly string[] s_locating = ["PGSERVICE", "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE"];

    private readonly Dictionary<string, string> _values;
    private readonly ClientEnvironment _environment;

    private ConnInfo(Dictionary<string, string> values, ClientEnvironment environment)
    {
        _values = values;
        _environment = environment;
        User = Value("user") ?? environment.UserName;
        Database = Value("dbname") ?? MaintenanceDatabase;
        TargetSession = ReadTarget(Value("target_session_attrs"));
        Addresses = ReadAddresses();
        Candidates();
    }

    /// <summary>The addresses in the order in which they are tried; at least one.</summary>
    public IReadOnlyList<ServerAddress> Addresses { get; }

    public string User { get; }

    public string Database { get; }

    public TargetSession TargetSession { get; }

    /// <summary>application_name; null when none was given.</summary>
    public string? ApplicationName => Value("application_name");

    /// <summary>Why a password file was not used, for the user; holds no secret.</summary>
    public IReadOnlyList<string> Warnings => Candidates().Select(c => c.Warning).OfType<string>().Distinct().ToList();

    /// <summary>
    /// Reads a connection text; null or empty means that the environment alone says where the server is (with
    /// <c>DATABASE_URL</c> when no PG* variable does).
    /// </summary>
    /// <exception cref="Platform.Errors.LifeboatException">Usage: an unknown keyword, a value that makes no
    /// sense.</exception>
    public static ConnInfo Parse(string? text, ClientEnvironment environment)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            var located = s_locating.Any(name => environment.Get(name) is not null);
            text = located ? "" : environment.Get("DATABASE_URL") ?? "";
        }

        // An empty value means the same as none.
        var values = ConnInfoText.Parse(text).Where(v => v.Value.Length > 0)
            .ToDictionary(v => v.Key, v => v.Value, StringComparer.Ordinal);
        if ((values.GetValueOrDefault("service") ?? environment.Get("PGSERVICE")) is { } service)
        {
            var file = values.GetValueOrDefault("servicefile") ?? environment.Get("PGSERVICEFILE");
            AddMissing(values, ServiceFile.Read(service, file, environment));
        }

        AddMissing(values, ConnInfoKeywords.Used
            .Where(used => used.Value.Length > 0)
            .Select(used => KeyValuePair.Create(used.Key, environment.Get(used.Value) ?? "")));
        AddMissing(values, ConnInfoKeywords.Refused
            .Where(refused => refused.Value.Variable.Length > 0)
            .Select(refused => KeyValuePair.Create(refused.Key, environment.Get(refused.Value.Variable) ?? "")));
        foreach (var (keyword, (_, harmless)) in ConnInfoKeywords.Refused)
        {
            if (values.TryGetValue(keyword, out var value)
                && !harmless.Split('|').Contains(value, StringComparer.Ordinal))
            {
                throw ConnInfoText.Error($"{keyword} with this value asks for what Lifeboat does not support");
            }
        }

        return new ConnInfo(values, environment);
    }

    /// <summary>The same servers and user, another database: names are taken as they are, never parsed.</summary>
    public ConnInfo WithDatabase(string database) =>
        new(new Dictionary<string, string>(_values, StringComparer.Ordinal) { ["dbname"] = database }, _environment);

    /// <summary>Everything that says where, and nothing secret: <c>user=… dbname=… at …</c>.</summary>
    public override string ToString() =>
        $"user={PosixPath.Display(User)} dbname={PosixPath.Display(Database)} at {string.Join(", ", Addresses)}";

    private static void AddMissing(
        Dictionary<string, string> values, IEnumerable<KeyValuePair<string, string>> more)
    {
        // A host from the text and an address from the environment would be two servers: the place is taken as one.
        var placed = values.ContainsKey("host") || values.ContainsKey("hostaddr");
        foreach (var (keyword, value) in more)
        {
            if (value.Length > 0 && !(placed && keyword is "host" or "hostaddr"))
            {
                values.TryAdd(keyword, value);
            }
        }
    }

    private static TargetSession ReadTarget(string? text) => text switch
    {
        null or "any" => TargetSession.Any,
        "read-write" => TargetSession.ReadWrite,
        "read-only" => TargetSession.ReadOnly,
        "primary" => TargetSession.Primary,
        "standby" => TargetSession.Standby,
        "prefer-standby" => TargetSession.PreferStandby,
        _ => throw ConnInfoText.Error(
            "target_session_attrs is one of any, read-write, read-only, primary, standby, prefer-standby"),
    };

    private string? Value(string keyword) => _values.GetValueOrDefault(keyword);

    private List<ServerAddress> ReadAddresses()
    {
        var names = Value("host")?.Split(',') ?? [];
        var numbers = Value("hostaddr")?.Split(',') ?? [];
        if (names.Length > 0 && numbers.Length > 0 && names.Length != numbers.Length)
        {
            throw ConnInfoText.Error($"{names.Length} host names and {numbers.Length} host addresses do not match");
        }

        var count = Math.Max(1, Math.Max(names.Length, numbers.Length));
        var ports = Value("port")?.Split(',') ?? [""];
        if (ports.Length != 1 && ports.Length != count)
        {
            throw ConnInfoText.Error($"{ports.Length} ports and {count} hosts do not match");
        }

        var addresses = new List<ServerAddress>();
        for (var i = 0; i < count; i++)
        {
            var port = ReadPort(ports[ports.Length == 1 ? 0 : i].Trim());
            var host = numbers.Length > 0 && numbers[i].Length > 0 ? numbers[i] : names.Length > 0 ? names[i] : "";
            addresses.Add(new ServerAddress(host.Length > 0 ? host : DefaultSocketFolder(port), port));
        }

        return addresses;
    }

    private static int ReadPort(string text) =>
        text.Length == 0 ? DefaultPort
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw ConnInfoText.Error("a port is a number from 1 to 65535");

    // libpq has one of the two compiled in. Which one this server was built with shows in where its socket is.
    private string DefaultSocketFolder(int port) =>
        s_socketFolders.FirstOrDefault(folder => _environment.Files.Stat(
            PosixPath.Combine(folder, $".s.PGSQL.{port.ToString(CultureInfo.InvariantCulture)}")) is not null)
        ?? s_socketFolders[0];

    private string PasswordFilePath() => Value("passfile") ?? PosixPath.Combine(_environment.Home, ".pgpass");
}
