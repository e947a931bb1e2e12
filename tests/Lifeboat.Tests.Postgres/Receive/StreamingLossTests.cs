using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Receive;

/// <summary>
/// Server and receiver are killed at random moments under load; what is in the repository afterwards is recovered elsewhere.
/// </summary>
public sealed class StreamingLossTests
{
    private const int Rounds = 3;

    /// <summary>One major for each mode, or every major.</summary>
    public static TheoryData<int, bool> Cases() =>
    [
        .. from synchronous in (bool[])[false, true]
           from major in Sample.Of($"streaming loss {synchronous}", 1, PostgresInstallation.Majors)
           select new TheoryDataRow<int, bool>(major, synchronous),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public Task A_killed_server_loses_a_second_at_most_and_nothing_that_a_synchronous_receiver_took(
        int major, bool synchronous) => Sample.SeededAsync(async () =>
    {
        var random = Sample.Numbers($"streaming loss {major} {synchronous}");
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(major);
        string[] mode = synchronous ? ["--synchronous"] : [];
        var receiver = await Receiver.StreamingAsync(vault, server.ConnInfo(), mode);
        try
        {
            await server.PgbenchInitAsync(1);
            await vault.BackupAsync(server);
            await server.ReceivedAllAsync();
            if (synchronous)
            {
                await server.ExecuteAsync("ALTER SYSTEM SET synchronous_standby_names = 'lifeboat'");
                await server.ExecuteAsync("SELECT pg_reload_conf()");
                await server.WaitUntilAsync(
                    "synchronous", "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
            }

            await using var notes = await Notes.BeginAsync(() => server, clients: 3);
            using var load = server.PgbenchStart(clients: 2);
            for (var round = 0; round < Rounds; round++)
            {
                await notes.MoreAsync(random.Next(10, 120));
                await receiver.KillAsync();
                receiver.Dispose();
                if (random.Next(2) == 0)
                {
                    await Task.Delay(random.Next(300));
                }

                receiver = Receiver.Start(vault, server.ConnInfo(), mode);
                await notes.MoreAsync(random.Next(10, 60));
                await server.KillAsync();
                await server.StartAsync();
            }

            await receiver.WaitForTextAsync("\"event\":\"streaming\"");
            await notes.MoreAsync(random.Next(60, 200));
            if (!synchronous)
            {
                await server.ReceivedAllAsync();
            }

            await notes.MoreAsync(random.Next(20, 60));
            await Task.WhenAll(server.KillAsync(), receiver.KillAsync());
            var killed = notes.Now;
            var acknowledged = await notes.EndAsync();

            await using var restored = await vault.RecoverAsync(server, "r");
            var visible = await Notes.VisibleAsync(restored);
            var lost = acknowledged.Where(row => !visible.Contains(row.Key)).ToList();
            var age = lost.Count == 0 ? TimeSpan.Zero : killed - lost.Min(row => row.Value);
            var words = $"{lost.Count} of {acknowledged.Count} commits are lost, the oldest of {age.TotalSeconds:0.000} s"
                + $" before the end; the machine stood still for {notes.LongestStall.TotalSeconds:0.000} s\n{restored.Log}";
            TestContext.Current.SendDiagnosticMessage(words);
            Assert.True(lost.Count == 0 || (!synchronous && age <= TimeSpan.FromSeconds(1) + notes.LongestStall), words);
            await PgbenchBank.CheckAsync(restored);

            // What one client lost is its end: the WAL is a prefix of what was written.
            foreach (var client in lost.GroupBy(row => row.Key.Client))
            {
                Assert.DoesNotContain(
                    visible, row => row.Client == client.Key && row.Number > client.Min(row => row.Key.Number));
            }

            await vault.JsonAsync("check", "--read-data");
        }
        finally
        {
            receiver.Dispose();
        }
    });
}
