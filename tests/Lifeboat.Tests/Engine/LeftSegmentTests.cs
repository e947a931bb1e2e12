using Lifeboat.Engine.Targets;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Xunit;
using RecoveryTarget = Lifeboat.Engine.Targets.RecoveryTarget;

namespace Lifeboat.Tests.Engine;

/// <summary>Of which targets it is said that pg_wal needs the segment in which a timeline was left.</summary>
public sealed class LeftSegmentTests
{
    private const ulong Page = WalPageHeader.PageSize;

    public enum Place
    {
        AtAPagesBeginning,
        WithinAPage,
        AtASegmentsBeginning,
    }

    [Theory]
    [InlineData(Place.AtAPagesBeginning)]
    [InlineData(Place.WithinAPage)]
    [InlineData(Place.AtASegmentsBeginning)]
    public async Task Targets_up_to_the_switch_point_have_the_segment_in_which_it_lies_and_those_behind_it_not(Place place)
    {
        var wal = new WalBuilder();
        var early = wal.Commit(700, ArchiveScenario.Micros(1));
        wal.FillTo(WalBuilder.Size.Bytes - 400);
        wal.Switch();
        var within = wal.Commit(701, ArchiveScenario.Micros(2));
        wal.FillTo(place == Place.AtASegmentsBeginning ? WalBuilder.Size.Bytes - 9000 : 50_000);
        var last = EndAt(wal, place);
        var switched = wal.Position;
        var first = wal.Commit(702, ArchiveScenario.Micros(3));
        var next = wal.Commit(703, ArchiveScenario.Micros(4));
        wal.Switch();
        using var scenario = await ArchiveScenario.NewAsync();
        var server = scenario.NewServer("a");
        var start = wal.Segments[0].Name.Start + 40;
        foreach (var (name, content) in wal.Segments.Where(segment => segment.Name.End <= switched))
        {
            await scenario.PushAsync(server, name.ToString(), content);
        }

        var history = new TimelineHistory(
            new Timeline(2), [new TimelineHistoryEntry(Timeline.First, switched, "")]);
        await scenario.PushAsync(server, "00000002.history", history.Format());
        foreach (var (name, content) in Promotion.OnTimeline(wal.Segments, new Timeline(2), switched))
        {
            await scenario.PushAsync(server, name.ToString(), content);
        }

        await scenario.AddBackupAsync("20260301T120000Z-000001", start, start + 8, -2, -1);
        async Task<ResolvedTarget> ToAsync(Lsn lsn, bool exclusive = false) => await TargetResolver.ResolveAsync(
            scenario.Cluster,
            new RecoveryTarget { Kind = RecoveryTargetKind.Lsn, Lsn = lsn, Exclusive = exclusive },
            backup: null,
            ArchiveScenario.Token);

        var inside = switched.Value % (ulong)WalBuilder.Size.Bytes;
        Assert.Equal(place == Place.WithinAPage, switched.Value % Page != 0);
        var (before, behindTheHeader) = (await ToAsync(last), await ToAsync(first, exclusive: true));
        Assert.Equal((switched, first), (before.StopLsn, behindTheHeader.StopLsn));
        foreach (var target in new[] { await ToAsync(within), before, behindTheHeader })
        {
            Assert.Equal("2", target.Settings.Single(setting => setting.Key == "recovery_target_timeline").Value);
            if (inside == 0)
            {
                Assert.Null(target.Left);
                continue;
            }

            Assert.Equal(
                (new WalSegmentName(Timeline.First, wal.Segments[1].Name.Number, WalBuilder.Size), (int)inside),
                (target.Left!.Name, target.Left.Length));
            Assert.Equal($"00000002{target.Left.Name.ToString()[8..]}", target.Left.Source.File);
        }

        Assert.Null((await ToAsync(early)).Left);
        Assert.Null((await ToAsync(first)).Left);
        Assert.Null((await ToAsync(next)).Left);
    }

    /// <returns>The last record before the place, which ends there to the byte, but for within a page.</returns>
    private static Lsn EndAt(WalBuilder wal, Place place)
    {
        const int smallest = 32; // a record of two bytes, with its header and on a multiple of 8
        const int header = WalRecord.HeaderLength + 2;
        var size = place == Place.AtASegmentsBeginning ? (ulong)WalBuilder.Size.Bytes : Page;
        int Room() => (int)(size - (wal.Position.Value % size));
        if (place == Place.WithinAPage)
        {
            while (Room() < smallest * 4)
            {
                wal.Record(ResourceManager.Heap, 0, new byte[2], xid: 900);
            }

            return wal.Record(ResourceManager.Heap, 0, new byte[2], xid: 900);
        }

        while (Room() > 200)
        {
            wal.Record(ResourceManager.Heap, 0, new byte[2], xid: 900);
        }

        return wal.Record(ResourceManager.Heap, 0, new byte[Room() - header], xid: 900);
    }
}
