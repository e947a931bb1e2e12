namespace Lifeboat.Testing.Servers;

/// <summary>What a test asks of the cluster that is created for it.</summary>
public sealed record PostgresOptions
{
    public static readonly PostgresOptions Default = new();

    /// <summary>Page checksums, chosen at initdb.</summary>
    public bool Checksums { get; init; } = true;

    /// <summary>MiB of a WAL segment, a power of two from 1 to 1024, chosen at initdb.</summary>
    public int WalSegmentMegabytes { get; init; } = 16;

    /// <summary>The text of <c>archive_command</c>; with one, archive_mode is on.</summary>
    public string? ArchiveCommand { get; init; }

    /// <summary>Written to postgresql.conf behind everything that the harness sets itself.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Variables of the server, and so of the archive_command that it runs.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Words behind those that the harness starts the server with.</summary>
    public IReadOnlyList<string> StartArguments { get; init; } = [];

    /// <summary>The whole text of pg_hba.conf; null trusts everybody on this machine.</summary>
    public string? HostBasedAuthentication { get; init; }

    /// <summary>
    /// fsync on. Off by default: what the kernel holds survives kill -9, and only a loss of power would tell.
    /// </summary>
    public bool Durable { get; init; }

    internal string ConfigurationText()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["shared_buffers"] = "32MB",
            ["max_connections"] = "40",
            ["wal_level"] = "replica",
            ["max_wal_senders"] = "8",
            ["max_replication_slots"] = "8",
            ["fsync"] = Durable ? "on" : "off",
            // In the data directory, so that a server that is killed leaves nothing elsewhere.
            ["dynamic_shared_memory_type"] = "mmap",
            ["logging_collector"] = "off",
            ["log_checkpoints"] = "on",
            ["log_line_prefix"] = "%m [%p] ",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
        };
        if (ArchiveCommand is not null)
        {
            settings["archive_mode"] = "on";
            settings["archive_command"] = ArchiveCommand;
        }

        foreach (var (name, value) in Settings)
        {
            settings[name] = value;
        }

        return string.Concat(settings.Select(
            s => $"{s.Key} = '{s.Value.Replace("'", "''", StringComparison.Ordinal)}'\n"));
    }
}
