using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

public sealed class OutsideConfigurationTests
{
    /// <summary>Every major from files, one over the network.</summary>
    public static TheoryData<int, bool> Ways() =>
    [
        .. PostgresInstallation.Majors.Select(major => (major, false)),
        .. Sample.Of("outside", 1, PostgresInstallation.Majors).Select(major => (major, true)),
    ];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_cluster_whose_configuration_lies_elsewhere_starts_plainly_after_its_restore(
        int major, bool streamed)
    {
        using var vault = await Vault.CreateAsync();
        var etc = vault.Folder.CreateForPostgres("etc");
        var options = vault.Archiving() with { StartArguments = ["-c", $"config_file={etc}/postgresql.conf"] };
        await using var server = await PostgresServer.CreateAsync(major, options);
        await OddFileTests.ShellAsync(server.DataDirectory, $"""
            mv postgresql.conf pg_hba.conf pg_ident.conf '{etc}'
            cd '{etc}'; mkdir conf.d empty.d
            echo "data_directory = '{server.DataDirectory}'" >> postgresql.conf
            echo "hba_file = '{etc}/pg_hba.conf'" >> postgresql.conf
            echo "ident_file='{etc}/pg_ident.conf'" >> postgresql.conf
            echo "external_pid_file = '{etc}/pid'" >> postgresql.conf
            echo "include_dir = 'conf.d'" >> postgresql.conf
            echo "include_dir 'empty.d'" >> postgresql.conf
            echo "work_mem = '5555kB'" > conf.d/10-memory.conf
            echo "# odd" >> pg_ident.conf
            """);
        await server.StartAsync();
        await server.ExecuteAsync("CREATE TABLE t AS SELECT 7 AS a");
        var backup = await (streamed ? vault.StreamAsync(server) : vault.BackupAsync(server));
        Assert.Empty(backup.Texts("warnings"));
        await server.ArchiveAllAsync();

        var directory = Path.Combine(vault.Folder.CreateForPostgres("r"), "data");
        await vault.JsonAsync("restore", "--to", directory);
        await Judges.VerifyBackupAsync(major, directory);
        await server.StopAsync();
        PostgresUser.Coreutils("rm", "-rf", "--", etc);

        await using var restored = PostgresServer.Over(major, directory, vault.Archiving());
        await restored.StartAsync();
        await restored.WaitUntilPromotedAsync();

        Assert.Equal(7, await restored.ScalarAsync<int>("SELECT a FROM t"));
        Assert.Equal("5555kB", await restored.ScalarAsync<string>("SHOW work_mem"));
        Assert.Equal(directory, await restored.ScalarAsync<string>("SHOW data_directory"));
        Assert.Equal($"{directory}/pg_hba.conf", await restored.ScalarAsync<string>("SHOW hba_file"));
        Assert.Contains(
            "# odd", await File.ReadAllTextAsync(Path.Combine(directory, "pg_ident.conf")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recovery_target_in_the_configuration_does_not_stop_a_later_recovery()
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.CreateAsync(17, vault.Archiving());
        await File.AppendAllTextAsync(
            Path.Combine(server.DataDirectory, "postgresql.conf"),
            "recovery_target_time = '2020-01-01 00:00:00+00'\nrecovery_target_inclusive = off\n"
            + "recovery_target_action = 'shutdown'\nrecovery_end_command = '/bin/false'\n");
        await server.StartAsync();
        await vault.BackupAsync(server);
        await server.ExecuteAsync("CREATE TABLE t AS SELECT 7 AS a");
        await server.ArchiveAllAsync();

        await using var restored = await vault.RecoverAsync(server, "r");

        Assert.Equal(7, await restored.ScalarAsync<int>("SELECT a FROM t"));
    }
}
