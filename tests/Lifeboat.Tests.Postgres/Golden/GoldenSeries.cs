using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;

namespace Lifeboat.Tests.Postgres.Golden;

/// <summary>A full backup and incremental ones of it, in which every feature of maps and of the index is met.</summary>
internal static class GoldenSeries
{
    private const int Incrementals = 8;

    /// <returns>The full one that stays; one before it is there to expire.</returns>
    internal static async Task<string> TakeAsync(Vault vault, GoldenCluster cluster)
    {
        var server = cluster.Server;
        var far = vault.Folder.CreateForPostgres("far = \\ away");
        await server.ExecuteAsync($"CREATE TABLESPACE far LOCATION '{far}'");
        await server.ExecuteAsync("CREATE TABLESPACE near LOCATION ''");
        await server.ExecuteAsync("CREATE TABLE in_far TABLESPACE far AS SELECT generate_series(1, 500) AS n");
        await server.ExecuteAsync("CREATE TABLE in_near TABLESPACE near AS SELECT generate_series(1, 500) AS n");
        await server.ExecuteAsync("CREATE TABLE gone AS SELECT generate_series(1, 2000) AS n");
        await server.ExecuteAsync("CREATE TABLE cut AS SELECT n, repeat('cut', 300) AS word FROM generate_series(1, 400) n");
        await cluster.FillAsync(100);
        await OddFileTests.ShellAsync(server.DataDirectory, """
            for name in 'a space' 'back\slash' "$(printf 'latin-\351')" "$(printf '\377\376')" 'quo"te'; do
                printf '%s' "$name" > "$name"; done; mkdir empty
            """);

        // What this one has alone does not compress, so that its packs are worth being emptied when it has expired.
        await server.ExecuteAsync(
            "CREATE TABLE short AS SELECT n, md5(n::text) || md5((-n)::text) AS word FROM generate_series(1, 30000) n");
        await vault.BackupAsync(server, "--reason", "to expire");
        await server.ExecuteAsync("DROP TABLE short");
        var first = (await vault.BackupAsync(server, "--reason", "the first, \"golden\"", "--tag", "yearly")).Text("id");
        for (var round = 1; round <= Incrementals; round++)
        {
            // The same extents each time, other pages: a fifth overlay is put together with those before it.
            await cluster.TouchAsync(round, round, round + 9, 33 + round, 64);
            await ChangeAsync(server, round);
            await server.ExecuteAsync($"SELECT pg_create_restore_point('round-{round}')");
            await vault.BackupAsync(server, "--kind", "incremental");
        }

        return first;
    }

    internal static async Task MarkAsync(Vault vault, string first)
    {
        var backups = await vault.ListedAsync();
        await vault.JsonAsync("pin", first, "--reason", "kept for ever");
        await vault.JsonAsync("unpin", first);
        await vault.JsonAsync("pin", backups[6], "--reason", "an audit", "--until", "2199-12-31 00:00:00+01");
        await vault.JsonAsync("annotate", backups[7], "looked at — ünïcode \\ \"quoted\"");
        await vault.JsonAsync("tag", backups[8], "--add", "compliance", "--add", "monthly");
        await vault.JsonAsync("tag", backups[8], "--remove", "monthly");
    }

    private static async Task ChangeAsync(PostgresServer server, int round)
    {
        switch (round)
        {
            case 2:
                await server.ExecuteAsync("DROP TABLE gone");
                break;
            case 3:
                await server.ExecuteAsync("DELETE FROM cut WHERE n > 50");
                await server.ExecuteAsync("VACUUM cut");
                break;
            case 4:
                await server.ExecuteAsync("INSERT INTO t SELECT n, repeat(md5(n::text), 30) FROM generate_series(401, 600) n");
                break;
            case 5:
                await server.ExecuteAsync("TRUNCATE in_far");
                await server.ExecuteAsync("INSERT INTO in_far SELECT generate_series(1, 40)");
                break;
            case 6:
                await server.ExecuteAsync("DELETE FROM t WHERE n > 450");
                await server.ExecuteAsync("VACUUM t");
                break;
            case 7:
                await server.ExecuteAsync("CREATE TABLE late AS SELECT generate_series(1, 300) AS n");
                await server.ExecuteAsync("UPDATE in_near SET n = -n WHERE n % 50 = 0");
                break;
            default:
                break;
        }
    }
}
