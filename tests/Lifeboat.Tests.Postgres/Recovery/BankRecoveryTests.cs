using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>
/// A bank that works during its backup adds up again wherever recovery stops. Which targets a run takes is the seed's
/// choice; all of them with <c>LIFEBOAT_TEST_ALL=1</c>.
/// </summary>
public sealed class BankRecoveryTests
{
    private const int Clients = 4;

    /// <summary>Each major once, with a way of encryption by chance; or all pairs.</summary>
    public static TheoryData<int, Encryption> Clusters()
    {
        var data = new TheoryData<int, Encryption>();
        foreach (var major in PostgresInstallation.Majors)
        {
            foreach (var encryption in Sample.Of($"encryption {major}", 1, Enum.GetValues<Encryption>()))
            {
                data.Add(major, encryption);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public Task A_bank_that_worked_during_its_backup_adds_up_wherever_recovery_stops(
        int major, Encryption encryption) =>
        Sample.SeededAsync(async () =>
        {
            using var vault = await Vault.CreateAsync(encryption);
            await using var server = await PostgresServer.StartNewAsync(major, vault.Archiving());
            await server.PgbenchInitAsync(2);
            var points = await WorkAsync(vault, server);

            var at = 0;
            foreach (var target in Targets(points, $"{major} {encryption}"))
            {
                await using var restored = await vault.RecoverAsync(server, $"r{at++}", target);
                await JudgeAsync(restored, points, target);
                await restored.StopAsync();
                await Judges.ChecksumsAsync(major, restored.DataDirectory);
                PostgresUser.Coreutils("rm", "-rf", "--", restored.DataDirectory);
            }
        });

    /// <summary>pgbench before, during and after the backup, with a point of each kind now and then after it.</summary>
    private static async Task<List<BankPoint>> WorkAsync(Vault vault, PostgresServer server)
    {
        var points = new List<BankPoint>();
        using (var load = server.PgbenchStart(Clients))
        {
            await server.WaitUntilAsync("loaded", "SELECT count(*) > 50 FROM pgbench_history");
            await vault.BackupAsync(server);
            for (var number = 0; number < 4; number++)
            {
                points.Add(await BankPoint.TakeAsync(server, number));
                await Task.Delay(150);
            }

            await load.KillAsync();
        }

        // Behind the last point, so that each of them is in the middle of something.
        await server.PgbenchTransactionsAsync(clients: 1, transactions: 20);
        await server.ArchiveAllAsync();
        return points;
    }

    private static IEnumerable<string[]> Targets(List<BankPoint> points, string purpose)
    {
        var random = Sample.Numbers($"points {purpose}");
        BankPoint Any() => points[random.Next(points.Count)];
        string[][] all =
        [
            ["--target-immediate"],
            ["--target-time", Any().Time],
            ["--target-time", Any().Time, "--target-exclusive"],
            ["--target-lsn", Any().Lsn],
            ["--target-lsn", Any().Lsn, "--target-exclusive"],
            ["--target-xid", Any().Xid],
            ["--target-xid", Any().Xid, "--target-exclusive"],
            ["--target-name", Any().Name],
        ];
        return [[], .. Sample.Of($"targets {purpose}", 2, all)];
    }

    private static async Task JudgeAsync(PostgresServer restored, List<BankPoint> points, string[] target)
    {
        Assert.DoesNotContain("automatic recovery", restored.Log, StringComparison.Ordinal);
        var bank = await PgbenchBank.CheckAsync(restored);
        if (target.Length == 0)
        {
            Assert.True(bank.Transactions >= points[^1].LeastTransactions + 20);
        }
        else if (target[0] != "--target-immediate")
        {
            var point = points.Single(point => point.IsCalled(target[1]));
            // A commit of each client may have been in the WAL, and not yet visible to whoever counted.
            Assert.InRange(bank.Transactions, point.LeastTransactions, point.MostTransactions + Clients);
        }

        await Judges.AmCheckAsync(restored);
    }
}
