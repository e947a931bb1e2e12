using Lifeboat.Platform.Files;
using Lifeboat.Storage;
using Lifeboat.Storage.Local;
using Lifeboat.Storage.Memory;
using Lifeboat.Storage.Retry;
using Lifeboat.Storage.Throttle;
using Lifeboat.Testing.Files;
using Lifeboat.Testing.Simulation;
using Lifeboat.Testing.Stores;

namespace Lifeboat.Tests.Storage;

public sealed class MemoryStoreConformance : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() => new MemoryObjectStore(TimeProvider.System);
}

public sealed class MemoryStoreWithVersionsConformance : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() => new MemoryObjectStore(TimeProvider.System, versions: true);
}

public sealed class MemoryStoreWithoutCreateIfAbsentConformance : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() =>
        new MemoryObjectStore(TimeProvider.System, createIfAbsent: false);
}

public sealed class MemoryStoreWithVersionsWithoutCreateIfAbsentConformance : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() =>
        new MemoryObjectStore(TimeProvider.System, createIfAbsent: false, versions: true);
}

public sealed class RetryingStoreConformance : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() => new RetryingStore(
        new MemoryObjectStore(TimeProvider.System, versions: true),
        RetryPolicy.Default,
        TimeProvider.System,
        new Random(1));
}

public abstract class LocalConformance : ObjectStoreConformance, IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private LocalObjectStore? _store;

    public void Dispose()
    {
        _store?.Dispose();
        _scratch.Dispose();
        GC.SuppressFinalize(this);
    }

    protected abstract IFileSystem Files { get; }

    protected override IObjectStore CreateStore() =>
        _store = LocalObjectStore.Create(Files, _scratch.Combine("repository"));
}

public sealed class LocalStoreConformance : LocalConformance
{
    protected override IFileSystem Files => PosixFileSystem.Instance;
}

public sealed class LocalStoreWithoutHardLinksConformance : LocalConformance
{
    protected override IFileSystem Files { get; } = new FaultyFileSystem(
        PosixFileSystem.Instance,
        new FileFault(1, Errno.NotPermitted, ForGood: true, Concerns: (what, _) => what == FileOperation.Link));
}

public sealed class SimulatedStoreConformance : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() => new SimulatedStore(
        new SimulatedStorage(1, new VirtualClock()) { Latency = TimeSpan.FromMilliseconds(50) });
}

public sealed class SimulatedStoreWithVersionsWithoutCreateIfAbsentConformance : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() => new SimulatedStore(
        new SimulatedStorage(1, new VirtualClock(), createIfAbsent: false, versions: true));
}

public sealed class ThrottledStoreConformance : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() => new ThrottledStore(
        new MemoryObjectStore(TimeProvider.System, versions: true), new Bandwidth(1 << 30, TimeProvider.System));
}
