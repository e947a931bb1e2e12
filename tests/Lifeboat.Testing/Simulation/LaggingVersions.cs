using System.Globalization;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;

namespace Lifeboat.Testing.Simulation;

/// <summary>
/// What listings of versions show: each version appears some time behind its put, in the order of the puts within a name, and
/// one that was removed may be shown for some time behind that. A reader is shown what it put itself no earlier than others
/// are: listings promise nothing of that kind.
/// </summary>
internal sealed class LaggingVersions(MemoryObjectStore memory, Func<TimeSpan> lag, Func<DateTimeOffset> now)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SortedDictionary<long, DateTimeOffset>> _unlisted = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectVersion, (ObjectFacts Facts, DateTimeOffset Until)> _ghosts = [];

    /// <summary>The newest version of a name was put a moment ago.</summary>
    internal async ValueTask NotePutAsync(ObjectName name)
    {
        if (lag() is var late && late <= TimeSpan.Zero
            || (await OfAsync(name)).LastOrDefault() is not { Version: { } version })
        {
            return;
        }

        lock (_lock)
        {
            if (!_unlisted.TryGetValue(name.Value, out var times))
            {
                _unlisted[name.Value] = times = [];
            }

            var shown = now() + late;
            times[Number(version)] = times.Count > 0 && times.Values.Max() is var last && last > shown ? last : shown;
        }
    }

    internal void NoteRemoval(ObjectFacts was)
    {
        lock (_lock)
        {
            if (lag() is var late && late <= TimeSpan.Zero || IsHidden(was))
            {
                return;
            }

            _ghosts[new ObjectVersion(was.Name, was.Version!)] = (was, now() + late);
        }
    }

    internal async ValueTask<List<ObjectFacts>> OfAsync(ObjectName name)
    {
        var found = new List<ObjectFacts>();
        await foreach (var facts in memory.ListVersionsAsync(name.Value, default))
        {
            if (facts.Name == name)
            {
                found.Add(facts);
            }
        }

        return found;
    }

    internal async ValueTask<IReadOnlyList<ObjectFacts>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var all = new List<ObjectFacts>();
        await foreach (var facts in memory.ListVersionsAsync(prefix, cancellationToken))
        {
            all.Add(facts);
        }

        lock (_lock)
        {
            all.RemoveAll(IsHidden);
            if (_ghosts.Count == 0)
            {
                return all;
            }

            foreach (var (version, ghost) in _ghosts.ToArray())
            {
                if (ghost.Until <= now())
                {
                    _ghosts.Remove(version);
                }
                else if (version.Name.Value.StartsWith(prefix, StringComparison.Ordinal) && !all.Contains(ghost.Facts))
                {
                    all.Add(ghost.Facts);
                }
            }
        }

        return [.. all.OrderBy(facts => facts.Name).ThenBy(facts => Number(facts.Version!))];
    }

    private bool IsHidden(ObjectFacts facts)
    {
        if (!_unlisted.TryGetValue(facts.Name.Value, out var times)
            || !times.TryGetValue(Number(facts.Version!), out var from))
        {
            return false;
        }

        if (from > now())
        {
            return true;
        }

        times.Remove(Number(facts.Version!));
        return false;
    }

    private static long Number(string version) => long.Parse(version, CultureInfo.InvariantCulture);
}
