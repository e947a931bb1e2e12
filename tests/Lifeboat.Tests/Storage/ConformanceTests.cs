using Lifeboat.Platform.Files;
using Lifeboat.Storage;
using Lifeboat.Storage.Local;
using Lifeboat.Storage.Locks;
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

/// <summary>A repository with locks, which have ended when the next request comes: the oldest version of a name is the object.</summary>
public class LockedStoreConformance : ObjectStoreConformance
{
    private readonly TimeProvider _time = new HastyTime();

    protected override bool Replaces => false;

    protected virtual bool HasConditionalPut => true;

    protected override IObjectStore CreateStore() => new LockedStore(
        new MemoryObjectStore(_time, HasConditionalPut, versions: true),
        static _ => true,
        new LockTerms(LockMode.Compliance, LockTerms.Shortest),
        _time);

    /// <summary>An hour for each look at it.</summary>
    private sealed class HastyTime : TimeProvider
    {
        private long _looks;

        public override DateTimeOffset GetUtcNow() =>
            DateTimeOffset.UnixEpoch.AddYears(50).AddHours(Interlocked.Increment(ref _looks));
    }
}

public sealed class LockedStoreWithoutConditionalPutConformance : LockedStoreConformance
{
    protected override bool HasConditionalPut => false;
}

/// <summary>Its housekeeping: the newest version is the object, and nothing is left behind its deletion.</summary>
public sealed class LockedStoreHousekeepingConformance : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() => new LockedStore(
        new SimulatedStore(new SimulatedStorage(1, new VirtualClock(), versions: true)),
        static _ => false,
        new LockTerms(LockMode.Compliance, TimeSpan.FromDays(30)),
        TimeProvider.System);
}

public sealed class ThrottledStoreConformance : ObjectStoreConformance
{
    protected override IObjectStore CreateStore() => new ThrottledStore(
        new MemoryObjectStore(TimeProvider.System, versions: true), new Bandwidth(1 << 30, TimeProvider.System));
}
