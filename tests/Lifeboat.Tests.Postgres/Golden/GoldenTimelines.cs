using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;

namespace Lifeboat.Tests.Postgres.Golden;

/// <summary>A standby's backup, its promotion and another, a gap, a restored copy's lineage and one that was adopted.</summary>
internal static class GoldenTimelines
{
    internal static async Task MakeAsync(Vault vault, GoldenCluster cluster, GoldenMaker maker)
    {
        var primary = cluster.Server;
        var folder = vault.Folder.CreateForPostgres("standby");
        await using var standby = await primary.StartStandbyAsync(Path.Combine(folder, "data"));
        await cluster.TouchAsync(1, 5);
        await RestartPointAsync(primary, standby);
        var full = vault.BackupAsync(standby);
        while (!full.IsCompleted)
        {
            await primary.ExecuteAsync("SELECT pg_create_restore_point('busy')");
            await primary.ExecuteAsync("SELECT pg_switch_wal()");
            await Task.WhenAny(full, Task.Delay(500));
        }

        await full;
        await cluster.TouchAsync(2, 6, 7);
        await primary.ArchiveAllAsync();
        await OpenGapAsync(primary);

        // Timelines 2 and 3; each leaves a .partial and a .history.
        var end = await primary.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await standby.WaitUntilAsync("in step", $"SELECT pg_last_wal_replay_lsn() >= '{end}'");
        await primary.StopAsync();
        await standby.PromoteAsync();
        await TouchAsync(standby, 3);
        await standby.ArchiveAllAsync();
        var second = (await vault.BackupAsync(standby, "--kind", "auto")).Text("id");
        await using var third = await standby.StartStandbyAsync(Path.Combine(folder, "third"));
        await TouchAsync(standby, 4);
        end = await standby.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await third.WaitUntilAsync("in step", $"SELECT pg_last_wal_replay_lsn() >= '{end}'");
        await standby.StopAsync(StopMode.Immediate);
        await third.PromoteAsync();
        await TouchAsync(third, 5);
        await third.ArchiveAllAsync();
        maker.Expect(
            "main", third, await GoldenMaker.AskAsync(third), "--backup", second, "--target-timeline", "3");

        // A restored copy archives into a lineage of its own; a clone of it is told that it is another.
        await using (var copy = await vault.RecoverAsync(third, "copy", "--target-timeline", "3"))
        {
            await TouchAsync(copy, 6);
            await copy.ArchiveAllAsync();
            await vault.BackupAsync(copy);
            await copy.StopAsync();
            maker.KeepMarker(copy.DataDirectory);
            var clone = Path.Combine(vault.Folder.CreateForPostgres("clone"), "data");
            PostgresUser.Coreutils("cp", "-a", "--", copy.DataDirectory, clone);
            await vault.JsonAsync("adopt", "--as-new", "--cluster-dir", clone);
            await using var adopted = PostgresServer.Over(third.Major, clone, third.Options);
            await adopted.StartAsync();
            await TouchAsync(adopted, 7);
            await vault.BackupAsync(adopted);
            await adopted.ArchiveAllAsync();
            maker.KeepMarker(clone);
            await adopted.StopAsync();
        }

        await third.StopAsync();
    }

    /// <summary>Two segments that the archive never sees.</summary>
    private static async Task OpenGapAsync(PostgresServer server)
    {
        var command = await server.ScalarAsync<string>("SHOW archive_command");
        await server.ExecuteAsync("ALTER SYSTEM SET archive_command = '/bin/true'");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await server.WaitUntilAsync("reloaded", "SELECT current_setting('archive_command') = '/bin/true'");
        for (var segment = 0; segment < 2; segment++)
        {
            await server.ExecuteAsync("SELECT pg_create_restore_point('lost')");
            await server.ArchiveAllAsync();
        }

        await server.ExecuteAsync("ALTER SYSTEM RESET archive_command");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await server.WaitUntilAsync("reloaded", $"SELECT current_setting('archive_command') <> '/bin/true'");
        await server.ExecuteAsync("SELECT pg_create_restore_point('behind the gap')");
        await server.ArchiveAllAsync();
        if (await server.ScalarAsync<string>("SHOW archive_command") != command)
        {
            throw new InvalidOperationException("archive_command did not come back");
        }
    }

    private static Task TouchAsync(PostgresServer server, int round) => server.ExecuteAsync(
        $"UPDATE t SET word = repeat(md5(n::text || '-{round}'), 30) WHERE n % 40 = {round}");

    private static async Task RestartPointAsync(PostgresServer primary, PostgresServer standby)
    {
        await primary.ExecuteAsync("CHECKPOINT");
        var here = await primary.ScalarAsync<string>("SELECT pg_current_wal_flush_lsn()::text");
        await standby.WaitUntilAsync("in step", $"SELECT pg_last_wal_replay_lsn() >= '{here}'");
        await standby.ExecuteAsync("CHECKPOINT");
    }
}
