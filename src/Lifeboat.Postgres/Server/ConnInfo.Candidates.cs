using System.Globalization;
using Lifeboat.Platform.Files;
using Npgsql;

namespace Lifeboat.Postgres.Server;

/// <summary>One address with everything that Npgsql needs to connect to it.</summary>
/// <param name="Settings">Holds the password: never shown.</param>
/// <param name="Warning">Why a password file was not used, or null.</param>
internal sealed record ConnectionCandidate(
    ServerAddress Address, NpgsqlConnectionStringBuilder Settings, string? Warning);

public sealed partial class ConnInfo
{
    // libpq waits for ever; a backup that hangs at night on a dropped packet helps nobody.
    private const int DefaultConnectTimeoutSeconds = 30;

    // In force before the first statement, where a role's own timeout could end the very SET that lifts it.
    private const string StartOptions = "-c statement_timeout=0";

    /// <summary>One for each address, in order. Made anew at each call, since a password file may have
    /// changed.</summary>
    internal IReadOnlyList<ConnectionCandidate> Candidates()
    {
        var names = Value("host")?.Split(',') ?? [];
        return Addresses.Select((address, i) => Candidate(address, i < names.Length ? names[i] : "")).ToList();
    }

    private ConnectionCandidate Candidate(ServerAddress address, string name)
    {
        var (password, warning) = Password(address, name);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = address.Host,
            Port = address.Port,
            Username = User,
            Database = Database,
            Password = password,
            // Npgsql would look into the password files once more, without minding who can read them.
            Passfile = password is null ? "/dev/null" : null,
            ApplicationName = Value("application_name") ?? Value("fallback_application_name") ?? "lifeboat",
            Timeout = ConnectTimeout(),
            CommandTimeout = 0,
            Pooling = false,
            Enlist = false,
            Encoding = "UTF8",
            ClientEncoding = "UTF8",
            Options = $"{Value("options")} {StartOptions}".TrimStart(),
        };
        if (!address.IsSocket)
        {
            // A session that waits for hours while files are read must not be forgotten by a firewall on the way.
            settings.TcpKeepAlive = true;
            settings.TcpKeepAliveTime = 60;
            settings.TcpKeepAliveInterval = 10;
        }

        SetSsl(settings, address, name);
        SetAuthentication(settings);
        return new ConnectionCandidate(address, settings, warning);
    }

    private (string? Password, string? Warning) Password(ServerAddress address, string name)
    {
        if (Value("password") is { } given)
        {
            return (given, null);
        }

        // The default socket goes by "localhost" in a password file; another one by its folder.
        var host = name.Length > 0 ? name : address.Host;
        var looked = s_socketFolders.Contains(host, StringComparer.Ordinal) ? "localhost" : host;
        return PasswordFile.Find(
            PasswordFilePath(),
            looked,
            address.Port.ToString(CultureInfo.InvariantCulture),
            Database,
            User,
            _environment);
    }

    private int ConnectTimeout()
    {
        if (Value("connect_timeout") is not { } text)
        {
            return DefaultConnectTimeoutSeconds;
        }

        if (!int.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
        {
            throw ConnInfoText.Error("connect_timeout is a whole number of seconds");
        }

        // As libpq: zero and below wait for ever, one second is rounded up. Npgsql takes no more than 1024.
        return seconds <= 0 ? 0 : Math.Clamp(seconds, 2, 1024);
    }

    private void SetSsl(NpgsqlConnectionStringBuilder settings, ServerAddress address, string name)
    {
        var root = Value("sslrootcert");
        var mode = ReadSslMode(Value("sslmode") ?? (root == "system" ? "verify-full" : "prefer"));
        if (address.IsSocket)
        {
            // libpq has no encryption on a unix socket, whatever the mode.
            settings.SslMode = SslMode.Disable;
            return;
        }

        var file = root ?? PosixPath.Combine(_environment.Home, ".postgresql/root.crt");
        var exists = root != "system" && _environment.Files.StatTarget(file) is not null;
        if (mode == SslMode.Require && exists)
        {
            // With a root certificate at hand, "require" verifies against it.
            mode = SslMode.VerifyCA;
        }

        if (root == "system" && mode != SslMode.VerifyFull)
        {
            throw ConnInfoText.Error("sslrootcert=system goes only with sslmode=verify-full");
        }

        if (mode is SslMode.VerifyCA or SslMode.VerifyFull && root != "system")
        {
            settings.RootCertificate = exists
                ? file
                : throw ConnInfoText.Error(
                    $"sslmode verifies the server, but the root certificate {PosixPath.Display(file)} does not exist;"
                    + " give sslrootcert");
        }

        if (mode == SslMode.VerifyFull && name.Length > 0 && name != address.Host)
        {
            throw ConnInfoText.Error("sslmode=verify-full cannot be combined with both host and hostaddr");
        }

        settings.SslMode = mode;
        SetIfGiven("sslcert", value => settings.SslCertificate = value);
        SetIfGiven("sslkey", value => settings.SslKey = value);
        SetIfGiven("sslpassword", value => settings.SslPassword = value);
        SetIfGiven("sslnegotiation", value => settings.SslNegotiation = value switch
        {
            "postgres" => SslNegotiation.Postgres,
            "direct" => SslNegotiation.Direct,
            _ => throw ConnInfoText.Error("sslnegotiation is postgres or direct"),
        });
    }

    private static SslMode ReadSslMode(string text) => text switch
    {
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "prefer" => SslMode.Prefer,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => throw ConnInfoText.Error("sslmode is one of disable, allow, prefer, require, verify-ca, verify-full"),
    };

    private void SetAuthentication(NpgsqlConnectionStringBuilder settings)
    {
        SetIfGiven("channel_binding", value => settings.ChannelBinding = value switch
        {
            "disable" => ChannelBinding.Disable,
            "prefer" => ChannelBinding.Prefer,
            "require" => ChannelBinding.Require,
            _ => throw ConnInfoText.Error("channel_binding is one of disable, prefer, require"),
        });
        SetIfGiven("krbsrvname", value => settings.KerberosServiceName = value);
        SetIfGiven("require_auth", value => settings.RequireAuth = value);
    }

    private void SetIfGiven(string keyword, Action<string> set)
    {
        if (Value(keyword) is not { } value)
        {
            return;
        }

        try
        {
            set(value);
        }
        catch (ArgumentException)
        {
            // Npgsql's own message may repeat the value.
            throw ConnInfoText.Error($"{keyword} has a value that makes no sense");
        }
    }
}
