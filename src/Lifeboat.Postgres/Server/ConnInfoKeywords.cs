namespace Lifeboat.Postgres.Server;

/// <summary>
/// The connection keywords of libpq 18 ("Parameter Key Words" in its manual), with their environment variables, and
/// what Lifeboat does with each.
/// </summary>
internal static class ConnInfoKeywords
{
    /// <summary>Keyword to its environment variable; empty when libpq has none.</summary>
    public static readonly IReadOnlyDictionary<string, string> Used =
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["service"] = "PGSERVICE",
            ["servicefile"] = "PGSERVICEFILE",
            ["host"] = "PGHOST",
            ["hostaddr"] = "PGHOSTADDR",
            ["port"] = "PGPORT",
            ["dbname"] = "PGDATABASE",
            ["user"] = "PGUSER",
            ["password"] = "PGPASSWORD",
            ["passfile"] = "PGPASSFILE",
            ["connect_timeout"] = "PGCONNECT_TIMEOUT",
            ["application_name"] = "PGAPPNAME",
            ["fallback_application_name"] = "",
            ["options"] = "PGOPTIONS",
            ["sslmode"] = "PGSSLMODE",
            ["sslnegotiation"] = "PGSSLNEGOTIATION",
            ["sslrootcert"] = "PGSSLROOTCERT",
            ["sslcert"] = "PGSSLCERT",
            ["sslkey"] = "PGSSLKEY",
            ["sslpassword"] = "",
            ["channel_binding"] = "PGCHANNELBINDING",
            ["require_auth"] = "PGREQUIREAUTH",
            ["krbsrvname"] = "PGKRBSRVNAME",
            ["target_session_attrs"] = "PGTARGETSESSIONATTRS",
        };

    /// <summary>Known, and without a meaning for what Lifeboat does: they tune or describe, they protect
    /// nothing.</summary>
    public static readonly IReadOnlySet<string> Ignored = new HashSet<string>(StringComparer.Ordinal)
    {
        "client_encoding", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout", "sslcompression", "sslsni", "sslcertmode", "gsslib", "gssdelegation", "load_balance_hosts",
    };

    /// <summary>
    /// Known, and a protection that cannot be given: asking for it is refused, never silently dropped. The value that
    /// asks for nothing is allowed.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, (string Variable, string Harmless)> Refused =
        new Dictionary<string, (string, string)>(StringComparer.Ordinal)
        {
            ["gssencmode"] = ("PGGSSENCMODE", "disable|prefer"),
            ["requirepeer"] = ("PGREQUIREPEER", ""),
            ["sslcrl"] = ("PGSSLCRL", ""),
            ["sslcrldir"] = ("PGSSLCRLDIR", ""),
            ["ssl_min_protocol_version"] = ("PGSSLMINPROTOCOLVERSION", "TLSv1|TLSv1.1|TLSv1.2"),
            ["ssl_max_protocol_version"] = ("PGSSLMAXPROTOCOLVERSION", "TLSv1.3"),
            ["min_protocol_version"] = ("PGMINPROTOCOLVERSION", "3.0"),
            ["max_protocol_version"] = ("PGMAXPROTOCOLVERSION", "3.0|latest"),
            ["replication"] = ("", "false|off|no|0"),
            ["scram_client_key"] = ("", ""),
            ["scram_server_key"] = ("", ""),
            ["oauth_issuer"] = ("", ""),
            ["oauth_client_id"] = ("", ""),
            ["oauth_client_secret"] = ("", ""),
            ["oauth_scope"] = ("", ""),
            ["sslkeylogfile"] = ("", ""),
        };

    public static bool IsKnown(string keyword) =>
        Used.ContainsKey(keyword) || Ignored.Contains(keyword) || Refused.ContainsKey(keyword);
}
