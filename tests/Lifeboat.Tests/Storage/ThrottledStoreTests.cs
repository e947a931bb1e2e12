using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Lifeboat.Storage.Throttle;
using Lifeboat.Testing.Simulation;
using Xunit;

namespace Lifeboat.Tests.Storage;

public sealed class ThrottledStoreTests
{
    private static readonly ObjectName s_name = new("a");

    private readonly VirtualClock _clock = new();
    private readonly DateTimeOffset _begun;
    private readonly ThrottledStore _store;

    public ThrottledStoreTests()
    {
        _begun = _clock.GetUtcNow();
        _store = new ThrottledStore(new MemoryObjectStore(_clock), new Bandwidth(1000, _clock));
    }

    [Fact]
    public async Task Puts_writes_and_reads_share_the_line()
    {
        // The first one finds it free, and each one that follows waits for those before it.
        await _store.PutAsync(s_name, new byte[2000], PutCondition.Overwrite, default);
        var read = _store.ReadAsync(s_name, 0, new byte[5000], default).AsTask();
        await RequireDoneAtAsync(read, seconds: 2);
        Assert.Equal(2000, await read);

        await using var writer = await _store.CreateAsync(new ObjectName("b"), default);
        await RequireDoneAtAsync(writer.WriteAsync(new byte[500], default).AsTask(), seconds: 4);
        await RequireDoneAtAsync(writer.WriteAsync(new byte[500], default).AsTask(), seconds: 4.5);
        await writer.CompleteAsync(PutCondition.IfAbsent, default);
    }

    [Fact]
    public async Task A_pause_is_not_saved_up_and_a_wait_can_be_ended()
    {
        _clock.Advance(TimeSpan.FromHours(1));
        await _store.PutAsync(s_name, new byte[1000], PutCondition.Overwrite, default);
        using var stop = new CancellationTokenSource();
        var put = _store.PutAsync(s_name, new byte[1000], PutCondition.Overwrite, stop.Token).AsTask();
        Assert.False(put.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put);
    }

    /// <param name="seconds">Since the test began.</param>
    private async Task RequireDoneAtAsync(Task task, double seconds)
    {
        AdvanceTo(seconds - 0.01);
        Assert.False(task.IsCompleted);
        AdvanceTo(seconds + 0.01);
        await task;
    }

    private void AdvanceTo(double seconds) => _clock.Advance(_begun.AddSeconds(seconds) - _clock.GetUtcNow());
}
