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
        [.. Enum.GetValues<HttpFault>().Where(fault => fault is not (HttpFault.None or HttpFault.Hang or HttpFault.Error))];

    private static TimeSpan Briefly => TimeSpan.FromMilliseconds(1);

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
    [InlineData(HttpFault.NotFoundPage, "")]
    [InlineData(HttpFault.SuccessPage, "")]
    [InlineData(HttpFault.EmptySuccess, "")]
    [InlineData(HttpFault.ErrorInSuccess, "")]
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
            async () => await store.SweepAsync(Token),
        ];
        foreach (var (number, call) in calls.Index())
        {
            var failure = await FailureOfAsync(call, $"{fault} at call {number}");
            Assert.Equal(ErrorCode.StoreUnavailable, failure.Code);
            Assert.True(failure.Transient);
            Assert.Contains(said, failure.Cause, StringComparison.Ordinal);
            Assert.NotEmpty(failure.Hint);
        }
    }

    [Theory]
    [InlineData(HttpFault.Unavailable)]
    [InlineData(HttpFault.TooMany)]
    [InlineData(HttpFault.InternalError)]
    [InlineData(HttpFault.ResetBefore)]
    [InlineData(HttpFault.ResetAfter)]
    [InlineData(HttpFault.CutAtOne)]
    public async Task A_put_is_sent_once_by_the_client_itself(HttpFault fault)
    {
        var gateway = await CephGateway.GetAsync();
        await using var proxy = new HttpFaultProxy(gateway.Endpoint, (_, _) => fault).Start();
        using var store = S3ObjectStore.Open(
            (await gateway.NewPlaceAsync()) with { Endpoint = proxy.Endpoint }, PosixFileSystem.Instance, TimeProvider.System);
        await Assert.ThrowsAnyAsync<LifeboatException>(
            async () => await store.PutAsync(new ObjectName("a/b"), new byte[10], PutCondition.IfAbsent, Token));
        Assert.Equal(1, proxy.Requests);
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

    [Theory]
    [InlineData("application/xml")]
    [InlineData("application/xml; charset=UTF-8")]
    [InlineData("text/xml;charset=utf-8")]
    public async Task Absence_is_believed_when_the_store_says_it_by_its_code(string type)
    {
        var gateway = await CephGateway.GetAsync();
        await using var proxy = new HttpFaultProxy(gateway.Endpoint, (_, _) => HttpFault.Error)
        {
            Error = ("404 Not Found", "NoSuchKey"),
            ErrorType = type,
        }.Start();
        using var store = S3ObjectStore.Open(
            (await gateway.NewPlaceAsync()) with { Endpoint = proxy.Endpoint }, PosixFileSystem.Instance, TimeProvider.System);
        var name = new ObjectName("a");
        await Assert.ThrowsAsync<ObjectNotFoundException>(async () => await store.ReadAsync(name, 0, new byte[1], Token));
        Assert.Null(await store.StatAsync(name, Token));
    }

    [Theory]
    [InlineData(HttpFault.Unavailable)]
    [InlineData(HttpFault.TooMany)]
    public async Task How_long_a_store_asks_to_be_left_alone_is_handed_on(HttpFault fault)
    {
        var gateway = await CephGateway.GetAsync();
        await using var proxy = new HttpFaultProxy(gateway.Endpoint, (_, _) => fault).Start();
        using var store = S3ObjectStore.Open(
            (await gateway.NewPlaceAsync()) with { Endpoint = proxy.Endpoint }, PosixFileSystem.Instance, TimeProvider.System);
        var failure = await Assert.ThrowsAsync<ObjectStoreException>(
            async () => await store.ReadAsync(new ObjectName("a"), 0, new byte[1], Token));
        Assert.Equal(TimeSpan.FromSeconds(1), failure.RetryAfter);
    }

    [Theory]
    [InlineData(HttpFault.ErrorInSuccess)]
    [InlineData(HttpFault.EmptySuccess)]
    [InlineData(HttpFault.SuccessPage)]
    public async Task An_upload_whose_end_is_answered_with_an_error_in_a_success_is_no_success(HttpFault fault)
    {
        var gateway = await CephGateway.GetAsync();
        var place = await gateway.NewPlaceAsync();
        await using var proxy = new HttpFaultProxy(
            gateway.Endpoint,
            (_, line) => line.StartsWith("POST ", StringComparison.Ordinal)
                && line.Contains("uploadId=", StringComparison.Ordinal) ? fault : HttpFault.None).Start();
        using var store = S3ObjectStore.Open(place, PosixFileSystem.Instance, TimeProvider.System);
        using var spoiled = S3ObjectStore.Open(
            place with { Endpoint = proxy.Endpoint }, PosixFileSystem.Instance, TimeProvider.System);
        var name = new ObjectName("a/large");
        var content = new byte[9 << 20];
        content.AsSpan().Fill(1);
        await WriteAsync(store, name, content);

        // Of the same size, so that the object's facts do not tell the new one from the one that is there.
        await using (var writer = await spoiled.CreateAsync(name, Token))
        {
            await writer.WriteAsync(new byte[content.Length], Token);
            var failure = await Assert.ThrowsAnyAsync<LifeboatException>(
                async () => await writer.CompleteAsync(PutCondition.Overwrite, Token));
            Assert.True(failure.Failure.Transient);
        }

        Assert.Equal(content, await store.ReadAllAsync(name, Token));
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
        await WriteAsync(store, new ObjectName("d/three"), [1, 2, 3]);
        var read = new byte[large.Length];
        Assert.Equal(large.Length, await store.ReadAsync(new ObjectName("d/two"), 0, read, Token));
        Assert.Equal(large, read);
        Assert.Equal("first"u8.ToArray(), await store.ReadAllAsync(name, Token));
        Assert.Equal(["d/one", "d/three", "d/two"], await store.NamesAsync("", Token));
        Assert.Equal(["d/"], await store.ListChildrenAsync("", Token));
        await store.DeleteAsync(name, Token);
        Assert.Null(await store.StatAsync(name, Token));
    }

    private static async Task WriteAsync(IObjectStore store, ObjectName name, byte[] content)
    {
        await using var writer = await store.CreateAsync(name, Token);
        await writer.WriteAsync(content, Token);
        Assert.Equal(PutOutcome.Created, await writer.CompleteAsync(PutCondition.IfAbsent, Token));
    }

    private static async Task<Failure> FailureOfAsync(Func<Task> call, string what)
    {
        try
        {
            await call();
        }
        catch (ObjectNotFoundException)
        {
            Assert.Fail($"{what}: it said that there is no such object");
        }
        catch (LifeboatException failed)
        {
            return failed.Failure;
        }

        throw new InvalidOperationException($"{what}: it ended with success");
    }

    private static async Task<IObjectStore> OpenAsync(CephGateway gateway, Uri endpoint) => Retrying(S3ObjectStore.Open(
        (await gateway.NewPlaceAsync()) with { Endpoint = endpoint },
        PosixFileSystem.Instance,
        TimeProvider.System,
        Repeating()));

    private static RetryingStore Retrying(IObjectStore store) => new(store, Repeating());

    private static Repetition Repeating() => new(
        RetryPolicy.Default with { FirstDelay = Briefly, MostAsked = Briefly }, TimeProvider.System, new Random(1));

    /// <summary>Its timers run a hundred times as fast.</summary>
    private sealed class HastyTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 100 : dueTime, period);
    }
}
