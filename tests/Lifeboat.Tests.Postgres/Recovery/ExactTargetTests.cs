using Lifeboat.Postgres.Format;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>
/// What is visible at a target is exactly what was committed at or before it in the order of the WAL, as pg_waldump
/// tells that order. Commit times may go back in it.
/// </summary>
public sealed class ExactTargetTests
{
    private const int Clients = 4;

    public static TheoryData<int> Majors() =>
        [.. Sample.Of("exact majors", 2, PostgresInstallation.Majors)];

    [Theory]
    [MemberData(nameof(Majors))]
    public Task What_is_visible_at_a_target_is_exactly_what_was_committed_by_then(int major) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync();
            var settings = new Dictionary<string, string>
            {
                ["max_prepared_transactions"] = "10",
                ["wal_keep_size"] = "1GB",
            };
            await using var server = await PostgresServer.StartNewAsync(
                major, vault.Archiving(PostgresOptions.Default with { Settings = settings }));
            var (events, stop) = await WorkAsync(vault, server);
            var written = await Ledger.VisibleAsync(server);

            // The judge reads every kind of ending, and knows of each row's.
            Assert.Subset(events.Where(item => item.Commits).Select(item => item.Xid!.Value).ToHashSet(), written);
            Assert.Contains(events, item => item is { Xid: not null, Commits: false });

            var at = 0;
            var points = ExactTarget.Choose(events, stop, rounds: 2, Sample.Numbers($"exact points {major}"));
            foreach (var target in Sample.Of($"exact targets {major}", 4, points))
            {
                await target.RequireAsync(vault, server, $"r{at++}", written);
            }
        });

    private static async Task<(List<WalEvent> Events, Lsn Stop)> WorkAsync(Vault vault, PostgresServer server)
    {
        var from = await server.ScalarAsync<string>("SELECT pg_current_wal_lsn()::text");
        await Ledger.CreateAsync(server);
        using var stop = new CancellationTokenSource();
        var writing = Ledger.WriteAsync(server, Clients, stop.Token);
        await server.WaitUntilAsync("written", "SELECT count(*) > 50 FROM ledger");
        var backup = await vault.BackupAsync(server);
        for (var point = 0; point < 5; point++)
        {
            await server.ExecuteAsync($"SELECT pg_create_restore_point('point {point}')");
            await Task.Delay(60);
        }

        await stop.CancelAsync();
        await writing;
        await server.ExecuteAsync("CREATE TABLE behind AS SELECT 1");
        var to = await server.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        await server.ArchiveAllAsync();
        return (await WalJudge.ReadAsync(server, from, to), Lsn.Parse(backup.Text("stopLsn")));
    }
}
