using Lifeboat.Testing;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>Clusters with segments of another size than 16 MB: archived, backed up, recovered.</summary>
public sealed class SegmentSizeTests
{
    public static TheoryData<int, int> Sizes() =>
    [
        .. new[] { 1, 64 }.SelectMany(megabytes =>
            Sample.Of($"segment size {megabytes}", 1, PostgresInstallation.Majors)
                .Select(major => new TheoryDataRow<int, int>(major, megabytes))),
    ];

    [Theory]
    [MemberData(nameof(Sizes))]
    public Task What_was_written_over_several_segments_is_recovered_to_a_position_and_to_the_end(
        int major, int megabytes) => Sample.SeededAsync(async () =>
    {
        using var vault = await Vault.CreateAsync();
        await using var server = await PostgresServer.StartNewAsync(
            major, vault.Archiving(PostgresOptions.Default with { WalSegmentMegabytes = megabytes }));
        await server.PgbenchInitAsync(scale: 1);
        await vault.BackupAsync(server);
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 200);
        // Records over the edge of a segment, whatever its size.
        await server.ExecuteAsync($"SELECT pg_logical_emit_message(false, 'filler', repeat('x', {megabytes << 20}))");
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 200);
        var target = await server.ScalarAsync<string>("SELECT pg_current_wal_insert_lsn()::text");
        var there = await RowsAsync(server);
        await server.PgbenchTransactionsAsync(clients: 2, transactions: 100);
        var atEnd = await RowsAsync(server);
        await server.ArchiveAllAsync();

        await using (var restored = await vault.RecoverAsync(server, "there", "--target-lsn", target))
        {
            Assert.Equal(there, await RowsAsync(restored));
            await PgbenchBank.CheckAsync(restored);
        }

        await using var latest = await vault.RecoverAsync(server, "latest");
        Assert.Equal(atEnd, await RowsAsync(latest));
        Assert.Equal($"{megabytes}MB", await latest.ScalarAsync<string>("SHOW wal_segment_size"));
        await PgbenchBank.CheckAsync(latest);
    });

    private static Task<string> RowsAsync(PostgresServer server) => server.ScalarAsync<string>(
        "SELECT (SELECT count(*) FROM pgbench_history) || ' ' || md5(string_agg(a::text, E'\\n' ORDER BY aid))"
        + " FROM pgbench_accounts a");
}
