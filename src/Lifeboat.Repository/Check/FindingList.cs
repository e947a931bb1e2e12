using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Containers;

namespace Lifeboat.Repository.Check;

/// <summary>Collects findings; the same one from several places becomes one that hurts all of them. Shared by threads.</summary>
internal sealed class FindingList
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Object, DamageKind? Kind, string Detail), Found> _found = [];

    /// <summary>Objects that hurt nothing as far as is known, and that were not there when they were read.</summary>
    internal IReadOnlyList<string> Missing
    {
        get
        {
            lock (_lock)
            {
                return [.. _found.Where(found => found.Key.Kind == DamageKind.Missing
                    && found.Value is { Backups.Count: 0, Points.Count: 0 }).Select(found => found.Key.Object)];
            }
        }
    }

    /// <summary>Takes back what was found of these objects being missing.</summary>
    internal void Leave(IEnumerable<string> missing)
    {
        lock (_lock)
        {
            foreach (var key in missing.SelectMany(
                name => _found.Keys.Where(key => key.Object == name && key.Kind == DamageKind.Missing)).ToList())
            {
                _found.Remove(key);
            }
        }
    }

    internal void Add(
        string name,
        FindingSeverity severity,
        DamageKind? kind,
        string detail,
        IEnumerable<string>? hurt = null,
        HurtPoints? points = null)
    {
        lock (_lock)
        {
            if (!_found.TryGetValue((name, kind, detail), out var found))
            {
                _found[(name, kind, detail)] = found = new Found();
            }

            found.Severity = (FindingSeverity)Math.Max((int)found.Severity, (int)severity);
            found.Backups.UnionWith(hurt ?? []);
            if (points is not null)
            {
                found.Points.Add(points);
            }
        }
    }

    internal void Damage(string name, DamageKind kind, string detail, IEnumerable<string>? hurt = null) =>
        Add(name, FindingSeverity.Damage, kind, detail, hurt);

    internal void Damage(DamagedObjectException damage, IEnumerable<string>? hurt = null) =>
        Damage(damage.Name.Value, damage.Kind, damage.Detail, hurt);

    /// <summary>
    /// Runs a part of the check; damage that ends it becomes a finding, and every other failure is the caller's.
    /// </summary>
    /// <returns>What was read; the default when it was damaged.</returns>
    internal async ValueTask<T?> TryAsync<T>(Func<ValueTask<T>> read, IEnumerable<string>? hurt = null)
    {
        try
        {
            return await read();
        }
        catch (DamagedObjectException damage)
        {
            Damage(damage, hurt);
        }
        catch (LifeboatException newer) when (newer.Code == ErrorCode.UnknownFormat)
        {
            // What cannot be read cannot be vouched for, whoever is to blame.
            Damage(newer.Failure.Subject, DamageKind.Inconsistent, newer.Failure.Cause, hurt);
        }

        return default;
    }

    internal IReadOnlyList<CheckFinding> ToList()
    {
        lock (_lock)
        {
            return
            [
                .. _found
                    .Select(pair => new CheckFinding(
                        pair.Key.Object,
                        pair.Value.Severity,
                        pair.Key.Kind,
                        pair.Key.Detail,
                        [.. pair.Value.Backups],
                        [.. pair.Value.Points]))
                    .OrderByDescending(finding => finding.Severity)
                    .ThenBy(finding => finding.Object, StringComparer.Ordinal)
                    .ThenBy(finding => finding.Detail, StringComparer.Ordinal),
            ];
        }
    }

    private sealed class Found
    {
        internal FindingSeverity Severity { get; set; }

        internal SortedSet<string> Backups { get; } = new(StringComparer.Ordinal);

        internal List<HurtPoints> Points { get; } = [];
    }
}
