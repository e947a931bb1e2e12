using Lifeboat.Storage;
using Lifeboat.Storage.Memory;

namespace Lifeboat.Testing.Simulation;

/// <summary>
/// What all views of a simulated store share: the objects, a clock of its own, and listings that lag behind puts and
/// deletions by a bounded time that a seed chooses for each. Reads by name may lag as well for who did not put the object:
/// the contract promises no more.
/// </summary>
public sealed class SimulatedStorage
{
    private readonly Lock _lock = new();
    private readonly Random _random;
    private readonly Dictionary<string, DateTimeOffset> _unlisted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ObjectFacts Facts, DateTimeOffset Until)> _ghosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (object By, DateTimeOffset Until)> _fresh = new(StringComparer.Ordinal);

    public SimulatedStorage(int seed, VirtualClock clock, bool createIfAbsent = true, bool versions = false)
    {
        _random = new Random(seed);
        Clock = clock;
        Memory = new MemoryObjectStore(clock.Skewed(() => Skew), createIfAbsent, versions);
        Versions = new LaggingVersions(Memory, () => Lag * _random.NextDouble(), clock.GetUtcNow);
    }

    public VirtualClock Clock { get; }

    /// <summary>The objects as they are, without latency, lag and faults: for models.</summary>
    public MemoryObjectStore Memory { get; }

    /// <summary>By how much the store's clock is ahead. It may jump.</summary>
    public TimeSpan Skew { get; set; }

    /// <summary>The longest that a listing may lag.</summary>
    public TimeSpan Lag { get; set; }

    /// <summary>Whether reads by name lag as listings do, for others than the one who put.</summary>
    public bool ReadsLag { get; set; }

    /// <summary>The longest that a request takes, in virtual time; half of it at least.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>
    /// Which uploads come in parts, by their names, in a store that forgets the lock of these (Ceph 16.2). Null: it forgets none.
    /// </summary>
    public Func<ObjectName, bool>? ForgetsLocksOf { get; set; }

    /// <summary>Requests of all views.</summary>
    public long Requests { get; private set; }

    /// <summary>Objects that were deleted so far.</summary>
    public long Deletions { get; private set; }

    /// <summary>When an object was deleted, by name, in virtual time; a test may empty it.</summary>
    public Dictionary<string, DateTimeOffset> Deleted { get; } = new(StringComparer.Ordinal);

    /// <summary>All versions, as listings show them.</summary>
    internal LaggingVersions Versions { get; }

    internal bool ForgetsLockOf(ObjectName name) => ForgetsLocksOf?.Invoke(name) == true;

    internal void Spend()
    {
        TimeSpan time;
        lock (_lock)
        {
            Requests++;
            time = Latency * (0.5 + (_random.NextDouble() / 2));
        }

        Clock.Advance(time);
    }

    /// <summary>Whether a reader is not shown yet what somebody else has put.</summary>
    internal bool IsHiddenFrom(object reader, string name)
    {
        lock (_lock)
        {
            return _fresh.TryGetValue(name, out var fresh) && fresh.By != reader && fresh.Until > Clock.GetUtcNow();
        }
    }

    internal async ValueTask NotePutAsync(ObjectName name, bool wasThere, object by)
    {
        if (Memory.Capabilities.Versions)
        {
            await Versions.NotePutAsync(name);
        }

        NotePut(name.Value, wasThere || (Memory.Capabilities.Versions && (await Versions.OfAsync(name)).Count > 1), by);
    }

    /// <summary>What was deleted since the last call; a pack that is put meanwhile, on a thread of its own, may add to it.</summary>
    public IReadOnlyList<KeyValuePair<string, DateTimeOffset>> TakeDeleted()
    {
        lock (_lock)
        {
            var taken = Deleted.ToList();
            Deleted.Clear();
            return taken;
        }
    }

    /// <summary>On a store with versions a deletion marker is put: that is listed late, too.</summary>
    internal async ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var was = await Memory.StatAsync(name, cancellationToken);
        await Memory.DeleteAsync(name, cancellationToken);
        if (!Memory.Capabilities.Versions)
        {
            NoteDelete(was);
        }
        else if (was is not null)
        {
            await Versions.NotePutAsync(name);
        }
    }

    /// <summary>An object is deleted, as far as this store counts, when the oldest version with content is removed.</summary>
    internal async ValueTask RemoveAsync(ObjectVersion version, bool bypass, CancellationToken cancellationToken)
    {
        var all = await Versions.OfAsync(version.Name);
        await Memory.DeleteVersionAsync(version, bypass, cancellationToken);
        if (all.Find(facts => facts.Version == version.Version) is { } was)
        {
            Versions.NoteRemoval(was);
            if (was == all.Find(facts => !facts.IsDeleted))
            {
                NoteDelete(was);
            }
        }
    }

    private void NotePut(string name, bool wasThere, object by)
    {
        lock (_lock)
        {
            if (!wasThere && ReadsLag)
            {
                _fresh[name] = (by, Clock.GetUtcNow() + (Lag * _random.NextDouble()));
            }

            Deleted.Remove(name);
            var seen = _ghosts.Remove(name);
            if (!wasThere && !seen && Lag > TimeSpan.Zero)
            {
                _unlisted[name] = Clock.GetUtcNow() + (Lag * _random.NextDouble());
            }
        }
    }

    private void NoteDelete(ObjectFacts? was)
    {
        lock (_lock)
        {
            if (was is null)
            {
                return;
            }

            Deletions++;
            Deleted[was.Name.Value] = Clock.GetUtcNow();
            if (!(_unlisted.Remove(was.Name.Value, out var from) && from > Clock.GetUtcNow()) && Lag > TimeSpan.Zero)
            {
                _ghosts[was.Name.Value] = (was, Clock.GetUtcNow() + (Lag * _random.NextDouble()));
            }
        }
    }

    /// <summary>What a listing shows now.</summary>
    internal async ValueTask<IReadOnlyList<ObjectFacts>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var all = new List<ObjectFacts>();
        await foreach (var facts in Memory.ListAsync(prefix, cancellationToken))
        {
            all.Add(facts);
        }

        lock (_lock)
        {
            var now = Clock.GetUtcNow();
            all.RemoveAll(facts => _unlisted.TryGetValue(facts.Name.Value, out var from) && from > now);
            foreach (var (name, ghost) in _ghosts.ToArray())
            {
                if (ghost.Until <= now)
                {
                    _ghosts.Remove(name);
                }
                else if (name.StartsWith(prefix, StringComparison.Ordinal)
                    && !all.Exists(facts => facts.Name == ghost.Facts.Name))
                {
                    all.Add(ghost.Facts);
                }
            }
        }

        return [.. all.OrderBy(facts => facts.Name)];
    }
}
