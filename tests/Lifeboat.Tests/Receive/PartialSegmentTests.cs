using Lifeboat.Engine.Targets;
using Lifeboat.Engine.Wal;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Engine;
using Xunit;

namespace Lifeboat.Tests.Receive;

/// <summary>What recovery, windows and the check make of a segment that is not whole.</summary>
public sealed class PartialSegmentTests
{
    [Fact]
    public async Task An_unfinished_segment_is_delivered_at_full_size_and_each_time_as_far_as_it_goes_then()
    {
        using var scenario = await StreamScenario.NewAsync(11);
        var server = scenario.Archive.NewServer("standby");
        var partial = scenario.First.Next;
        foreach (var known in (int[])[70_001, 300_000])
        {
            await scenario.ReceiveAsync(partial.Start + (ulong)known);
            var fetched = await scenario.Archive.FetchAsync(server, partial.ToString());
            Assert.Equal(WalFetchResult.Delivered, fetched.Result);
            var content = scenario.Archive.Read($"{server}/pg_wal/RECOVERYXLOG");
            Assert.Equal(WalBuilder.Size.Bytes, content.Length);
            Assert.Equal(scenario.Bytes(partial.Start, partial.Start + (ulong)known), content[..known]);
            Assert.DoesNotContain(content[known..], value => value != 0);
        }

        Assert.Equal(
            WalFetchResult.Absent, (await scenario.Archive.FetchAsync(server, partial.Next.ToString())).Result);
        await scenario.ReceiveAsync(scenario.Wal.Position);
        await scenario.Archive.FetchAsync(server, partial.ToString());
        Assert.Equal(
            scenario.Wal.Segments[1].Content.ToArray(), scenario.Archive.Read($"{server}/pg_wal/RECOVERYXLOG"));
    }

    [Fact]
    public async Task Pieces_that_do_not_begin_the_segment_are_no_segment()
    {
        using var scenario = await StreamScenario.NewAsync(12);
        await PutAsync(scenario, 8192, 20_000);
        var server = scenario.Archive.NewServer("a");
        Assert.Equal(
            WalFetchResult.Absent, (await scenario.Archive.FetchAsync(server, scenario.First.ToString())).Result);
    }

    [Fact]
    public async Task Pieces_that_contradict_each_other_are_refused_by_whoever_reads_them_and_named_by_the_check()
    {
        using var scenario = await StreamScenario.NewAsync(13);
        await PutAsync(scenario, 0, 20_000);
        await PutAsync(scenario, 20_000, 50_000);
        await PutAsync(scenario, 20_000, 40_000, StreamScenario.NewWal(1, xid: 900));
        var server = scenario.Archive.NewServer("a");

        var refused = await Assert.ThrowsAsync<LifeboatException>(
            () => scenario.Archive.FetchAsync(server, scenario.First.ToString()));
        Assert.Equal(ErrorCode.Conflict, refused.Code);
        var finding = Assert.Single(await CheckAsync(scenario), finding => finding.Severity == FindingSeverity.Damage);
        Assert.Contains("contradicts", finding.Detail, StringComparison.Ordinal);
        var windows = await ClusterWindows.LoadAsync(scenario.Archive.Cluster, ArchiveScenario.Token);
        Assert.Empty(windows.Windows);
    }

    [Fact]
    public async Task A_piece_that_contradicts_the_whole_segment_is_named_by_the_check()
    {
        using var scenario = await StreamScenario.NewAsync(14);
        await scenario.ReceiveAsync(scenario.First.End);
        await PutAsync(scenario, 0, 30_000);
        Assert.DoesNotContain(await CheckAsync(scenario), finding => finding.Severity == FindingSeverity.Damage);
        await PutAsync(scenario, 0, 30_000, StreamScenario.NewWal(1, xid: 900));
        var finding = Assert.Single(await CheckAsync(scenario), finding => finding.Severity == FindingSeverity.Damage);
        Assert.Contains(".piece-", finding.Object, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_piece_hurts_what_only_it_holds_and_nothing_when_the_segment_is_whole()
    {
        using var scenario = await StreamScenario.NewAsync(15);
        await PutAsync(scenario, 0, 30_000);
        var piece = Assert.Single(await WalPieces.FindAsync(
            scenario.Archive.Cluster, scenario.Archive.Cluster.FirstLineage, scenario.First.ToString(), ArchiveScenario.Token));
        await DamageAsync(scenario, piece);
        var finding = Assert.Single(
            await CheckAsync(scenario), finding => finding.Object == piece.Object.Name.Value);
        Assert.Equal(FindingSeverity.Damage, finding.Severity);

        var server = scenario.Archive.NewServer("a");
        await scenario.Archive.PushAsync(server, scenario.First.ToString(), scenario.Wal.Segments[0].Content);
        finding = Assert.Single(await CheckAsync(scenario), finding => finding.Object == piece.Object.Name.Value);
        Assert.Equal(FindingSeverity.Warning, finding.Severity);
    }

    [Fact]
    public async Task Windows_and_targets_reach_into_pieces_and_not_beyond_them()
    {
        using var scenario = await StreamScenario.NewAsync(16);
        await scenario.Archive.AddBackupAsync(
            "20260301T120000Z-000000", scenario.First.Start + 100, scenario.First.Start + 500, -2, -1);
        var end = scenario.First.Next.Start + 80_000;
        await scenario.ReceiveAsync(end);

        var window = Assert.Single(
            (await ClusterWindows.LoadAsync(scenario.Archive.Cluster, ArchiveScenario.Token)).Windows);
        Assert.Equal(scenario.First.Next, window.LastSegment);
        Assert.InRange(window.End.Value, end.Value - 10_000, end.Value);
        Assert.Equal(ArchiveScenario.At(1), window.EndTime);

        var inside = scenario.First.Next.Start + 60_000;
        var found = await ResolveAsync(scenario, inside);
        Assert.Equal(scenario.First.Next, found.WalTo);
        var refused = await Assert.ThrowsAsync<LifeboatException>(() => ResolveAsync(scenario, end + 8));
        Assert.Equal(ErrorCode.TargetUnreachable, refused.Code);
    }

    [Fact]
    public void Coverage_does_not_go_on_behind_a_segment_whose_end_lacks_and_the_gap_is_named()
    {
        var size = WalBuilder.Size;
        WalSegmentName Name(ulong number) => new(Timeline.First, number, size);
        var backup = new BackupPoint(
            "b", Timeline.First, Name(5).Start + 40, Name(5).Start + 500, ArchiveScenario.At(0), ArchiveScenario.At(1));
        ulong[] present = [5, 6, 7, 8];
        var coverage = new WalCoverage(
            new Id128(1, 1), size, present.Select(Name), [], [backup], [(Name(6), Name(6).Start + 1000)]);

        var window = Assert.Single(coverage.Windows);
        Assert.Equal((Name(6), Name(6).Start + 1000), (window.LastSegment, window.End));
        var gap = Assert.Single(coverage.Gaps);
        Assert.Equal((Name(6).ToString(), Name(6).ToString(), Name(7).ToString()), (gap.First, gap.Last, gap.After));
    }

    private static async Task<ResolvedTarget> ResolveAsync(StreamScenario scenario, Lsn lsn) =>
        await TargetResolver.ResolveAsync(
            scenario.Archive.Cluster,
            new RecoveryTarget { Kind = RecoveryTargetKind.Lsn, Lsn = lsn },
            backup: null,
            ArchiveScenario.Token);

    private static async Task PutAsync(StreamScenario scenario, uint from, uint to, WalBuilder? wal = null) =>
        await WalPieces.PutAsync(
            scenario.Archive.Cluster,
            scenario.Archive.Cluster.FirstLineage,
            new WalPieceName(scenario.First.ToString(), from, to),
            scenario.Bytes(scenario.First.Start + from, scenario.First.Start + to, wal),
            predecessor: null,
            level: 1,
            ArchiveScenario.Token);

    private static async Task DamageAsync(StreamScenario scenario, WalPiece piece)
    {
        var store = scenario.Archive.Store;
        var bytes = new byte[(await store.StatAsync(piece.Object.Name, ArchiveScenario.Token))!.Size];
        await store.ReadAsync(piece.Object.Name, 0, bytes, ArchiveScenario.Token);
        bytes[bytes.Length / 2] ^= 1;
        await store.PutAsync(piece.Object.Name, bytes, PutCondition.Overwrite, ArchiveScenario.Token);
    }

    private static async Task<IReadOnlyList<CheckFinding>> CheckAsync(StreamScenario scenario) =>
        (await RepositoryCheck.RunAsync(
            scenario.Archive.Cluster.Repository,
            new CheckOptions { ReadData = true },
            progress: null,
            ArchiveScenario.Token)).Findings;
}
