using Lifeboat.Postgres.Format;
using Npgsql;

namespace Lifeboat.Postgres.Server;

/// <summary>
/// What a running server says of itself. Settings that only superusers and members of pg_read_all_settings may see are
/// null when the role may not.
/// </summary>
/// <param name="VersionNumber">server_version_num: 150018 is 15.18.</param>
/// <param name="Version">server_version, as the server's builder wrote it.</param>
/// <param name="SystemIdentifier">From pg_control; PostgreSQL shows it as a signed number.</param>
/// <param name="Timeline">The timeline that is written (primary) or replayed (standby).</param>
/// <param name="ArchiveCommand">Empty or <c>(disabled)</c> when there is none.</param>
/// <param name="ArchiveLibrary">Empty when there is none; it exists from PostgreSQL 15 on.</param>
/// <param name="ConfigurationFiles">
/// Every file that configuration was read from, the main ones and what they include; null when the role may not see it.
/// </param>
public sealed record ServerFacts(
    int VersionNumber,
    string Version,
    ulong SystemIdentifier,
    Timeline Timeline,
    DateTimeOffset StartedAt,
    int Port,
    bool InRecovery,
    string WalLevel,
    string ArchiveMode,
    string ArchiveCommand,
    string ArchiveLibrary,
    WalSegmentSize WalSegmentSize,
    int BlockSize,
    bool DataChecksums,
    bool FullPageWrites,
    string? DataDirectory,
    string? ConfigFile,
    string? HbaFile,
    string? IdentFile,
    IReadOnlyList<string>? ConfigurationFiles)
{
    private const string Operation = "ask the server about itself";

    // The checkpoint's timeline lags behind a promotion, so that a primary is asked for the segment it writes; a
    // standby may have replayed past the last restart point's timeline.
    private const string Query = """
        SELECT pg_catalog.current_setting('server_version'),
               (SELECT system_identifier FROM pg_catalog.pg_control_system()),
               CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
                    ELSE pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END,
               (SELECT timeline_id::int8 FROM pg_catalog.pg_control_checkpoint()),
               (SELECT min_recovery_end_timeline::int8 FROM pg_catalog.pg_control_recovery()),
               pg_catalog.pg_postmaster_start_time(),
               pg_catalog.current_setting('port')::int4,
               pg_catalog.pg_is_in_recovery(),
               pg_catalog.current_setting('wal_level'),
               pg_catalog.current_setting('archive_mode'),
               pg_catalog.current_setting('archive_command'),
               coalesce(pg_catalog.current_setting('archive_library', true), ''),
               (SELECT setting::int8 FROM pg_catalog.pg_settings WHERE name = 'wal_segment_size'),
               pg_catalog.current_setting('block_size')::int4,
               pg_catalog.current_setting('data_checksums') = 'on',
               pg_catalog.current_setting('full_page_writes') = 'on',
               (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory'),
               (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'config_file'),
               (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'hba_file'),
               (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'ident_file')
        """;

    public int Major => VersionNumber / 10000;

    public static async Task<ServerFacts> ReadAsync(ServerSession session, CancellationToken cancel)
    {
        var facts = await session.SingleAsync(Operation, Query, row => Read(session, row), cancel);
        return facts with { ConfigurationFiles = await ReadFilesAsync(session, facts, cancel) };
    }

    private static ServerFacts Read(ServerSession session, NpgsqlDataReader row) => new(
        session.VersionNumber,
        row.GetString(0),
        unchecked((ulong)row.GetInt64(1)),
        row.IsDBNull(2) || !Timeline.TryParseHex(row.GetString(2), out var written)
            ? new Timeline((uint)Math.Max(row.GetInt64(3), row.IsDBNull(4) ? 0 : row.GetInt64(4)))
            : written,
        row.GetFieldValue<DateTimeOffset>(5),
        row.GetInt32(6),
        row.GetBoolean(7),
        row.GetString(8),
        row.GetString(9),
        row.GetString(10),
        row.GetString(11),
        new WalSegmentSize(checked((int)row.GetInt64(12))),
        row.GetInt32(13),
        row.GetBoolean(14),
        row.GetBoolean(15),
        Text(row, 16),
        Text(row, 17),
        Text(row, 18),
        Text(row, 19),
        ConfigurationFiles: null);

    private static string? Text(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) || row.GetString(column).Length == 0 ? null : row.GetString(column);

    private static async Task<IReadOnlyList<string>?> ReadFilesAsync(
        ServerSession session, ServerFacts facts, CancellationToken cancel)
    {
        List<(string View, string Function, string Column)> sources =
            [("pg_file_settings", "pg_show_all_file_settings()", "sourcefile")];
        if (session.Major >= 16)
        {
            // Before 16 these files include nothing that has rules of its own.
            sources.Add(("pg_hba_file_rules", "pg_hba_file_rules()", "file_name"));
            sources.Add(("pg_ident_file_mappings", "pg_ident_file_mappings()", "file_name"));
        }

        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (view, function, column) in sources)
        {
            var allowed = await session.SingleAsync(
                Operation,
                $"SELECT pg_catalog.has_table_privilege('pg_catalog.{view}', 'SELECT')"
                + $" AND pg_catalog.has_function_privilege('pg_catalog.{function}', 'EXECUTE')",
                row => row.GetBoolean(0),
                cancel);
            if (!allowed)
            {
                return null;
            }

            files.UnionWith(await session.QueryAsync(
                Operation,
                $"SELECT DISTINCT {column} FROM pg_catalog.{view} WHERE {column} IS NOT NULL",
                row => row.GetString(0),
                cancel));
        }

        files.UnionWith(new[] { facts.ConfigFile, facts.HbaFile, facts.IdentFile }.OfType<string>());
        return [.. files];
    }
}
