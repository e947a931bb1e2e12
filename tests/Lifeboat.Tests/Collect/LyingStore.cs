using System.Runtime.CompilerServices;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Lifeboat.Testing.Stores;

namespace Lifeboat.Tests.Collect;

/// <summary>A store that hides or invents just what one <see cref="Sabotage"/> needs for one process.</summary>
/// <param name="ownTime">What the process takes for now.</param>
internal sealed class LyingStore(IObjectStore inner, Sabotage sabotage, TimeProvider ownTime)
    : ForwardingStore(inner)
{
    private readonly Dictionary<string, DateTimeOffset> _dates = new(StringComparer.Ordinal);
    private readonly HashSet<ObjectName> _hidden = [];
    private HashSet<string>? _shownLists;
    private DateTimeOffset? _leaseDate;

    public override async ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken)
    {
        var outcome = await Inner.PutAsync(name, content, condition, cancellationToken);
        var part = sabotage switch
        {
            Sabotage.WritersDoNotLookBehindTheManifest => "manifest",
            Sabotage.WritersDoNotLookBehindTheCompletion => "complete",
            _ => null,
        };
        if (name.LastPart == part)
        {
            _shownLists = [.. _dates.Keys];
        }

        return outcome;
    }

    public override async ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        return new MemoryObjectWriter(this, name);
    }

    public override async ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (_hidden.Contains(name) || (IsOf(name.Value, "condemned") && _shownLists?.Contains(name.Value) == false))
        {
            return null;
        }

        var facts = await Inner.StatAsync(name, cancellationToken);
        if (facts is null)
        {
            return _shownLists is not null && sabotage == Sabotage.WritersDoNotLookBehindTheCompletion
                && name.LastPart == "manifest" ? new ObjectFacts(name, 1, ownTime.GetUtcNow()) : null;
        }

        if (IsOf(name.Value, "condemned"))
        {
            _dates[name.Value] = facts.LastModified;
        }

        return IsOf(name.Value, "leases") ? facts with { LastModified = LeaseDate(facts.LastModified) } : facts;
    }

    public override async IAsyncEnumerable<ObjectFacts> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var all = new List<ObjectFacts>();
        await foreach (var facts in Inner.ListAsync(prefix, cancellationToken))
        {
            all.Add(facts);
        }

        foreach (var facts in Told(all))
        {
            yield return facts;
        }
    }

    private static bool IsOf(string name, string folder) =>
        name.StartsWith($"clusters/main/{folder}/", StringComparison.Ordinal);

    private DateTimeOffset LeaseDate(DateTimeOffset date) => sabotage switch
    {
        Sabotage.CollectorsUseTheirOwnClock => ownTime.GetUtcNow(),
        Sabotage.WritersIgnoreTheirLease or Sabotage.WritersIgnoreTheirLeaseAndListsAreForgotten =>
            (_leaseDate = _leaseDate is { } last ? last.AddSeconds(1) : date).Value,
        _ when _shownLists is not null && _leaseDate is { } last => last.AddSeconds(1),
        _ => (_leaseDate = date).Value,
    };

    private IEnumerable<ObjectFacts> Told(List<ObjectFacts> all)
    {
        switch (sabotage)
        {
            case Sabotage.WritersIgnoreLists:
                return all.Where(facts => !IsOf(facts.Name.Value, "condemned"));
            case Sabotage.WhatWasSparedIsUsedAgain:
                return all.Where(facts => !IsOf(facts.Name.Value, "condemned") || !all.Exists(
                    other => other.Name.LastPart == "swept" && other.Name.Value[..^5] == facts.Name.Value[..^4]));
            case Sabotage.CollectorsForgetOldLists:
                return all.Where(facts => !IsOf(facts.Name.Value, "condemned")
                    || facts.LastModified > ownTime.GetUtcNow() - TimeSpan.FromDays(2));
            case Sabotage.CollectorsIgnoreLeases:
                return all.Where(facts => !IsOf(facts.Name.Value, "leases"));
            case Sabotage.CompletionIsNotAsked:
                var names = all.Select(facts => facts.Name).ToHashSet();
                return [.. all, .. all.Where(facts => facts.Name.LastPart == "manifest")
                    .Select(facts => facts with { Name = new ObjectName($"{facts.Name.Value[..^8]}complete") })
                    .Where(facts => !names.Contains(facts.Name))];
            case Sabotage.CollectorsDoNotMarkAgain:
                var first = all.Where(facts => IsOf(facts.Name.Value, "condemned") && facts.Name.LastPart == "list"
                        && !all.Exists(other => other.Name.Value == $"{facts.Name.Value[..^4]}swept"))
                    .Select(facts => facts.LastModified).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
                _hidden.UnionWith(all.Where(facts => facts.Name.LastPart == "manifest" && facts.LastModified >= first)
                    .Select(facts => facts.Name));
                return all.Where(facts => !_hidden.Contains(facts.Name));
            case Sabotage.WritersDoNotLookBehindTheManifest or Sabotage.WritersDoNotLookBehindTheCompletion:
                foreach (var facts in all.Where(facts => IsOf(facts.Name.Value, "condemned")))
                {
                    if (_shownLists is null)
                    {
                        _dates[facts.Name.Value] = facts.LastModified;
                    }
                }

                return all.Where(facts => _shownLists?.Contains(facts.Name.Value) != false
                    || !IsOf(facts.Name.Value, "condemned"));
            default:
                return all;
        }
    }
}

/// <summary>A machine that does not notice how time passes while it sleeps: its stamps and timers stand still.</summary>
internal sealed class DrowsyClock(TimeProvider inner) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    public override long GetTimestamp() => 0;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Never();

    private sealed class Never : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
