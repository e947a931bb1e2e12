using Lifeboat.Engine.Wal.Receive;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Tests.Engine;
using Xunit;

namespace Lifeboat.Tests.Receive;

public sealed class SlotWatchTests
{
    private static readonly SlotState s_healthy = new(
        Active: true, new Lsn(0x3000000), HeldBytes: 5_000_000, "reserved", SafeBytes: null, "on");

    public static TheoryData<string, SlotState> Troubles() => new()
    {
        { "held", s_healthy with { HeldBytes = 10_000_001 } },
        { "unreserved", s_healthy with { WalStatus = "unreserved", SafeBytes = -5 } },
        { "lost", s_healthy with { WalStatus = "lost", Restart = null, HeldBytes = 0 } },
        { "safe", s_healthy with { SafeBytes = 1 << 20 } },
        { "remote_write", s_healthy with { SynchronousCommit = "remote_write" } },
    };

    [Theory]
    [MemberData(nameof(Troubles))]
    public async Task Whatever_can_cost_disk_or_wal_is_said_once(string kind, SlotState state)
    {
        var request = await RequestAsync();
        Assert.Equal(kind, Assert.Single(SlotWatch.Judge(request, state)).Kind);
    }

    [Fact]
    public async Task A_slot_that_is_well_gives_nothing_to_say()
    {
        var request = await RequestAsync();
        Assert.Empty(SlotWatch.Judge(request, s_healthy));
        Assert.Empty(SlotWatch.Judge(request, s_healthy with { WalStatus = "extended", SafeBytes = 1L << 40 }));
        Assert.Empty(SlotWatch.Judge(request, state: null));
        Assert.Empty(SlotWatch.Judge(
            request with { Synchronous = false }, s_healthy with { SynchronousCommit = "remote_write" }));
    }

    private static async Task<WalReceiveRequest> RequestAsync()
    {
        using var scenario = await ArchiveScenario.NewAsync();
        Assert.True(SlotName.TryParse("lifeboat", out var slot));
        Assert.False(SlotName.TryParse("Lifeboat", out _));
        return new WalReceiveRequest
        {
            Cluster = scenario.Cluster,
            ConnInfo = ConnInfo.Parse(
                "host=/nowhere", new ClientEnvironment(_ => null, PosixFileSystem.Instance, "nobody", "/nowhere")),
            Slot = slot,
            Synchronous = true,
            SlotLimit = 10_000_000,
            Files = PosixFileSystem.Instance,
        };
    }
}
