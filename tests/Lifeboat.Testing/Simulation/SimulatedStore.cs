using System.Runtime.CompilerServices;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Lifeboat.Storage.Memory;

namespace Lifeboat.Testing.Simulation;

/// <summary>The process was killed: everything that it asks from then on ends like this.</summary>
public sealed class SimulatedCrashException() : Exception("this process was killed by the test");

/// <summary>
/// The store as one process sees it: each request takes its turn, costs virtual time, and may be the last. A crash hits
/// before a request or behind it, when its effect is there and its answer is lost.
/// </summary>
/// <param name="turn">Waited for before each request; null when nothing is scheduled.</param>
public sealed partial class SimulatedStore(SimulatedStorage storage, Func<Task>? turn = null) : ILockableStore
{
    private readonly Lock _lock = new();
    private long _requests;

    /// <summary>The request, from 1, at which the process dies; null: it lives.</summary>
    public long? CrashAt { get; set; }

    /// <summary>Whether the request at which it dies still happens.</summary>
    public bool CrashBehind { get; set; }

    public bool IsDead { get; private set; }

    /// <summary>Called before each request with what it is (get, put, stat, list, delete) and with its name or prefix.</summary>
    public Func<string, string, Task>? Before { get; set; }

    public string Location => storage.Memory.Location;

    public StoreCapabilities Capabilities => storage.Memory.Capabilities;

    public ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken) =>
        PutAsync(name, () => storage.Memory.PutAsync(name, content, condition, cancellationToken), cancellationToken);

    private ValueTask<PutOutcome> PutAsync(
        ObjectName name, Func<ValueTask<PutOutcome>> put, CancellationToken cancellationToken) =>
        AskAsync(
            "put",
            name.Value,
            async () =>
            {
                var before = await storage.Memory.StatAsync(name, cancellationToken);
                var outcome = await put();
                if (outcome == PutOutcome.Created)
                {
                    await storage.NotePutAsync(name, before is not null, this);
                }

                return outcome;
            },
            cancellationToken);

    public ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(new MemoryObjectWriter(this, name));
    }

    public ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        AskAsync(
            "get",
            name.Value,
            () => storage.IsHiddenFrom(this, name.Value)
                ? throw new ObjectNotFoundException(name, Location)
                : storage.Memory.ReadAsync(name, offset, buffer, cancellationToken),
            cancellationToken);

    public ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        AskAsync(
            "stat",
            name.Value,
            () => storage.IsHiddenFrom(this, name.Value)
                ? new ValueTask<ObjectFacts?>(result: null)
                : storage.Memory.StatAsync(name, cancellationToken),
            cancellationToken);

    public async IAsyncEnumerable<ObjectFacts> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var facts in await AskAsync(
            "list", prefix, () => storage.ListAsync(prefix, cancellationToken), cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return facts;
        }
    }

    public async ValueTask<IReadOnlyList<string>> ListChildrenAsync(string prefix, CancellationToken cancellationToken)
    {
        if (prefix.Length > 0 && !prefix.EndsWith('/'))
        {
            return await storage.Memory.ListChildrenAsync(prefix, cancellationToken);
        }

        return Children(
            prefix,
            await AskAsync("list", prefix, () => storage.ListAsync(prefix, cancellationToken), cancellationToken));
    }

    public async IAsyncEnumerable<ObjectFacts> ListVersionsAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var facts in await ListVersionsOnceAsync(prefix, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return facts;
        }
    }

    public ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        AskAsync(
            "get",
            name.Value,
            () => storage.IsHiddenFrom(this, name.Value)
                ? throw new ObjectNotFoundException(name, Location)
                : storage.Memory.ReadVersionAsync(name, version, offset, buffer, cancellationToken),
            cancellationToken);

    public async ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        await AskAsync(
            "delete",
            name.Value,
            async () =>
            {
                await storage.DeleteAsync(name, cancellationToken);
                return true;
            },
            cancellationToken);

    /// <summary>As many requests as names: a crash leaves a part of it done.</summary>
    public async ValueTask DeleteManyAsync(
        IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            await DeleteAsync(name, cancellationToken);
        }
    }

    public async ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken)
    {
        if (!Capabilities.Versions)
        {
            throw new InvalidOperationException("this store keeps no versions");
        }

        foreach (var version in versions)
        {
            await DeleteVersionAsync(version, bypass: false, cancellationToken);
        }
    }

    public ValueTask SettleAsync(string prefix, CancellationToken cancellationToken) =>
        storage.Memory.SettleAsync(prefix, cancellationToken);

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => new(0);

    private static IReadOnlyList<string> Children(string prefix, IReadOnlyList<ObjectFacts> all)
    {
        var children = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var facts in all)
        {
            var rest = facts.Name.Value[prefix.Length..];
            children.Add(rest[..(rest.IndexOf('/') is var slash and >= 0 ? slash + 1 : rest.Length)]);
        }

        return [.. children];
    }

    private async ValueTask<T> AskAsync<T>(
        string kind, string name, Func<ValueTask<T>> ask, CancellationToken cancellationToken)
    {
        if (Before is { } before)
        {
            await before(kind, name);
        }

        if (turn is not null)
        {
            await turn();
        }

        var dies = Count();
        if (IsDead && !(dies && CrashBehind))
        {
            throw new SimulatedCrashException();
        }

        cancellationToken.ThrowIfCancellationRequested();
        storage.Spend();
        var answer = await ask();
        return dies ? throw new SimulatedCrashException() : answer;
    }

    /// <summary>Whether this is the request at which the process dies.</summary>
    private bool Count()
    {
        lock (_lock)
        {
            var dies = !IsDead && ++_requests == CrashAt;
            IsDead |= dies;
            return dies;
        }
    }
}
