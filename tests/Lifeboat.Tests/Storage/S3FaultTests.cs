using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Storage;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Storage.Retry;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Storage;

/// <summary>
/// Faults of HTTP between the store's client and a real Ceph gateway: never a false success, nothing lost, and an end in time.
/// </summary>
public sealed class S3FaultTests
{
    private static readonly HttpFault[] Faults =
        [.. Enum.GetValues<HttpFault>().Where(fault => fault is not (HttpFault.None or HttpFault.Hang))];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_fault_at_any_request_of_a_round_of_work_is_ridden_out()
    {
        var gateway = await CephGateway.GetAsync();
        await using var counting = new HttpFaultProxy(gateway.Endpoint, (_, _) => HttpFault.None).Start();
        await RoundAsync(await OpenAsync(gateway, counting.Endpoint));
        var requests = counting.Requests;
        Assert.InRange(requests, 12, 60);
        foreach (var fault in Faults)
        {
            for (var at = 1; at <= requests; at++)
            {
                var number = at;
                await using var proxy = new HttpFaultProxy(
                    gateway.Endpoint, (request, _) => request == number ? fault : HttpFault.None).Start();
                try
                {
                    await RoundAsync(await OpenAsync(gateway, proxy.Endpoint));
                }
                catch (Exception failure)
                {
                    throw new InvalidOperationException($"{fault} at request {at} of {requests}: {failure.Message}", failure);
                }
            }
        }
    }

    [Theory]
    [InlineData(HttpFault.Unavailable, "503 ")]
    [InlineData(HttpFault.TooMany, "429 ")]
    [InlineData(HttpFault.InternalError, "500 ")]
    [InlineData(HttpFault.ResetBefore, "")]
    [InlineData(HttpFault.CutAtOne, "")]
    public async Task A_fault_that_stays_ends_in_an_error_that_may_pass_and_never_in_a_success(HttpFault fault, string said)
    {
        var gateway = await CephGateway.GetAsync();
        await using var proxy = new HttpFaultProxy(gateway.Endpoint, (_, _) => fault).Start();
        var store = await OpenAsync(gateway, proxy.Endpoint);
        var name = new ObjectName("a/b");
        Func<Task>[] calls =
        [
            async () => await store.PutAsync(name, new byte[10], PutCondition.IfAbsent, Token),
            async () => await store.ReadAsync(name, 0, new byte[10], Token),
            async () => await store.StatAsync(name, Token),
            async () => await store.DeleteAsync(name, Token),
            async () => await store.ListChildrenAsync("", Token),
            async () => await store.NamesAsync("", Token),
        ];
        foreach (var call in calls)
        {
            var failure = (await Assert.ThrowsAnyAsync<LifeboatException>(call)).Failure;
            Assert.Equal(ErrorCode.StoreUnavailable, failure.Code);
            Assert.True(failure.Transient);
            Assert.Contains(said, failure.Cause, StringComparison.Ordinal);
            Assert.NotEmpty(failure.Hint);
        }
    }

    [Fact]
    public async Task A_store_that_hangs_is_given_up_within_the_time_limit()
    {
        var gateway = await CephGateway.GetAsync();
        await using var proxy = new HttpFaultProxy(gateway.Endpoint, (_, _) => HttpFault.Hang).Start();
        using var store = S3ObjectStore.Open(
            (await gateway.NewPlaceAsync()) with { Endpoint = proxy.Endpoint }, PosixFileSystem.Instance, new HastyTime());
        var failure = (await Assert.ThrowsAnyAsync<LifeboatException>(
            async () => await store.StatAsync(new ObjectName("a"), Token))).Failure;
        Assert.True(failure.Transient);
        Assert.Contains("in time", failure.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_page_that_fails_fails_the_listing()
    {
        var gateway = await CephGateway.GetAsync();
        var place = await gateway.NewPlaceAsync();
        using (var store = S3ObjectStore.Open(place, PosixFileSystem.Instance, TimeProvider.System))
        {
            await Parallel.ForAsync(
                0, 1001, Token, async (number, token) => await store.PutAsync(
                    new ObjectName($"many/{number:d4}"), ReadOnlyMemory<byte>.Empty, PutCondition.IfAbsent, token));
        }

        var pages = 0;
        await using var proxy = new HttpFaultProxy(
            gateway.Endpoint, (_, _) => Interlocked.Increment(ref pages) == 2 ? HttpFault.InternalError : HttpFault.None).Start();
        var listing = S3ObjectStore.Open(place with { Endpoint = proxy.Endpoint }, PosixFileSystem.Instance, TimeProvider.System);
        await Assert.ThrowsAnyAsync<LifeboatException>(async () => await listing.NamesAsync("many/", Token));
        Assert.Equal(2, pages);
        Assert.Equal(1001, (await Retrying(listing).NamesAsync("many/", Token)).Count);
    }

    /// <summary>Everything that a repository does with a store; a writer that failed is begun anew, as its callers do.</summary>
    private static async Task RoundAsync(IObjectStore store)
    {
        var name = new ObjectName("d/one");
        Assert.Equal(PutOutcome.Created, await store.PutAsync(name, "first"u8.ToArray(), PutCondition.IfAbsent, Token));
        Assert.Equal(PutOutcome.AlreadyExists, await store.PutAsync(name, "second"u8.ToArray(), PutCondition.IfAbsent, Token));
        var large = new byte[(9 << 20) + 17];
        new Random(7).NextBytes(large);
        await WriteAsync(store, new ObjectName("d/two"), large);
        var read = new byte[large.Length];
        Assert.Equal(large.Length, await store.ReadAsync(new ObjectName("d/two"), 0, read, Token));
        Assert.Equal(large, read);
        Assert.Equal("first"u8.ToArray(), await store.ReadAllAsync(name, Token));
        Assert.Equal(["d/one", "d/two"], await store.NamesAsync("", Token));
        Assert.Equal(["d/"], await store.ListChildrenAsync("", Token));
        await store.DeleteAsync(name, Token);
        Assert.Null(await store.StatAsync(name, Token));
    }

    private static async Task WriteAsync(IObjectStore store, ObjectName name, byte[] content)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var writer = await store.CreateAsync(name, Token);
                await writer.WriteAsync(content, Token);
                Assert.True(await writer.CompleteAsync(PutCondition.IfAbsent, Token) == PutOutcome.Created || attempt > 1);
                return;
            }
            catch (LifeboatException failure) when (failure.Failure.Transient && attempt == 1)
            {
                // Once more, from the beginning.
            }
        }
    }

    private static async Task<IObjectStore> OpenAsync(CephGateway gateway, Uri endpoint) => Retrying(S3ObjectStore.Open(
        (await gateway.NewPlaceAsync()) with { Endpoint = endpoint }, PosixFileSystem.Instance, TimeProvider.System));

    private static RetryingStore Retrying(IObjectStore store) => new(
        store, RetryPolicy.Default with { FirstDelay = TimeSpan.FromMilliseconds(1) }, TimeProvider.System, new Random(1));

    /// <summary>Its timers run a hundred times as fast.</summary>
    private sealed class HastyTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 100 : dueTime, period);
    }
}
