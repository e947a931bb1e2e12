using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>What people and programs leave in a data directory.</summary>
public sealed class OddFileTests
{
    [Theory]
    [ClassData(typeof(SomeMajors))]
    public async Task Files_with_odd_names_come_back_and_what_is_no_file_is_left_out_with_a_word(int major)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
        await ShellAsync(server.DataDirectory, """
            for name in 'a space' 'back\slash' 'equals=sign' '#hash' '[brackets]' 'quo"te' "apo'strophe" 'new
            line' "$(printf 'latin-\351')" '%p' '-dash' '*'; do printf '%s' "$name" > "$name"; done
            mkdir 'folder = [1]'; printf x > 'folder = [1]/inner file'; : > empty
            mkfifo pipe; ln -s /nowhere/at/all dangling; ln -s postgresql.conf link
            touch standby.signal recovery.signal; printf x > backup_label; printf x > tablespace_map
            printf x > backup_manifest; mkdir tmp; printf x > tmp/kept
            mkdir pgsql_tmp; printf x > base/pgsql_tmp123; printf x > global/pg_internal.init.99
            printf x > postgresql.auto.conf.tmp
            """);
        await server.ArchiveAllAsync();

        var backup = await vault.BackupAsync(server);
        var warnings = string.Join('\n', backup.Texts("warnings"));
        foreach (var left in new[] { "pipe", "dangling", "link" })
        {
            Assert.Contains($"left out: {left} ", warnings, StringComparison.Ordinal);
        }

        await using var restored = await vault.RecoverAsync(server, "r");
        await ShellAsync(restored.DataDirectory, """
            for name in 'a space' 'back\slash' 'equals=sign' '#hash' '[brackets]' 'quo"te' "apo'strophe" 'new
            line' "$(printf 'latin-\351')" '%p' '-dash' '*'; do test "$(cat < "$name")" = "$name"; done
            test "$(cat 'folder = [1]/inner file')" = x; test -f empty; test ! -s empty
            test ! -e pipe; test ! -L dangling; test ! -L link
            test -f tmp/kept; test ! -e standby.signal; test ! -e tablespace_map
            test ! -e base/pgsql_tmp123; test ! -e pgsql_tmp; test ! -e global/pg_internal.init.99
            test ! -e postgresql.auto.conf.tmp
            """);
    }

    [Fact]
    public async Task A_write_ahead_log_that_is_a_link_becomes_a_folder()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.CreateAsync(18, vault.Archiving());
        var elsewhere = Path.Combine(vault.Folder.CreateForPostgres("w"), "wal");
        await ShellAsync(server.DataDirectory, $"mv pg_wal '{elsewhere}'; ln -s '{elsewhere}' pg_wal");
        await server.StartAsync();
        await server.PgbenchInitAsync(1);
        await vault.BackupAsync(server);
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 20);
        await server.ArchiveAllAsync();

        await using var restored = await vault.RecoverAsync(server, "r");

        Assert.Null(new DirectoryInfo(Path.Combine(restored.DataDirectory, "pg_wal")).LinkTarget);
        Assert.Equal(await PgbenchBank.CheckAsync(server), await PgbenchBank.CheckAsync(restored));
    }

    [Theory]
    [InlineData(13, 1, true)]
    [InlineData(15, 64, false)]
    [InlineData(18, 1, false)]
    public async Task Clusters_of_other_segment_sizes_and_without_checksums_are_recovered(
        int major, int segment, bool checksums)
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(
            major,
            vault.Archiving(PostgresOptions.Default with { WalSegmentMegabytes = segment, Checksums = checksums }));
        await server.PgbenchInitAsync(1);
        await vault.BackupAsync(server);
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 200);
        await server.ArchiveAllAsync();

        await using var restored = await vault.RecoverAsync(server, "r");

        Assert.Equal(await PgbenchBank.CheckAsync(server), await PgbenchBank.CheckAsync(restored));
        await Judges.AmCheckAsync(restored);
    }

    [Fact]
    public async Task Files_that_vanish_and_grow_while_they_are_copied_do_not_stop_the_backup()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(17, vault.Archiving());
        await server.PgbenchInitAsync(1);
        using var restless = RunningProgram.Start(new ProgramStart("sh", "-c", """
            mkdir -p stray; while :; do
                for i in 1 2 3 4 5 6 7 8 9; do printf xxxx >> stray/$i; printf xxxx >> stray/log; done
                rm -f stray/[1-9]
            done
            """) { AsPostgres = true, WorkingDirectory = server.DataDirectory });
        for (var round = 0; round < 3; round++)
        {
            await vault.BackupAsync(server);
        }

        await restless.KillAsync();
        await using var restored = await vault.RecoverAsync(server, "r");
        Assert.True(Directory.Exists(Path.Combine(restored.DataDirectory, "stray")));
    }

    internal static async Task ShellAsync(string folder, string script)
    {
        var result = await RunningProgram.RunAsync(
            new ProgramStart("bash", "-c", "set -eux\n" + script) { AsPostgres = true, WorkingDirectory = folder });
        result.Expect();
    }
}
