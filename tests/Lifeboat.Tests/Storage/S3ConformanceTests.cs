using Lifeboat.Platform.Files;
using Lifeboat.Storage;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Storage.Retry;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Storage;

/// <summary>The contract of stores on a real Ceph gateway.</summary>
public abstract class S3Conformance(bool versions, bool conditionalPut) : ObjectStoreConformance, IAsyncLifetime
{
    private S3ObjectStore? _store;

    public async ValueTask InitializeAsync()
    {
        var place = await (await CephGateway.GetAsync()).NewPlaceAsync(versions);
        _store = await S3ObjectStore.OpenWithVersionsAsync(
            place with { ConditionalPut = conditionalPut },
            PosixFileSystem.Instance,
            TimeProvider.System,
            TestContext.Current.CancellationToken);
        Assert.Equal(new StoreCapabilities(conditionalPut, versions, Distant: true), _store.Capabilities);
    }

    public ValueTask DisposeAsync()
    {
        _store?.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    // With repetitions, as the program uses it: this gateway answers a read with 500 while writers race for the
    // same key. What the bare client makes of such an answer is for S3FaultTests.
    protected override IObjectStore CreateStore() =>
        new RetryingStore(_store!, RetryPolicy.Default, TimeProvider.System, new Random(1));
}

public sealed class S3StoreConformance() : S3Conformance(versions: false, conditionalPut: true);

public sealed class S3StoreWithVersionsConformance() : S3Conformance(versions: true, conditionalPut: false);

public sealed class S3StoreWithoutConditionalPutConformance() : S3Conformance(versions: false, conditionalPut: false);
