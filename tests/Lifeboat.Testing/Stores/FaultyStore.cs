using System.Runtime.CompilerServices;
using Lifeboat.Platform.Errors;
using Lifeboat.Storage;

namespace Lifeboat.Testing.Stores;

/// <summary>A store that counts every operation, keeps the trace of them, and fails the one it was told to.</summary>
public sealed class FaultyStore : IObjectStore
{
    private readonly IObjectStore _inner;
    private readonly FaultCounter _counter = new();

    /// <param name="fault">Null: only count.</param>
    public FaultyStore(IObjectStore inner, StoreFault? fault = null)
    {
        _inner = inner;
        Fault = fault;
    }

    /// <summary>The planned fault; setting one counts anew.</summary>
    public StoreFault? Fault
    {
        get;
        set
        {
            field = value;
            _counter.Restart();
        }
    }

    /// <summary>How long its failures ask to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether it says that it is distant, so that whoever reads asks ahead.</summary>
    public bool IsDistant { get; init; }

    /// <summary>Whether a planned fault was reached.</summary>
    public bool Struck => _counter.Struck;

    /// <summary>Operations that the fault concerns, since it was set.</summary>
    public long Count => _counter.Count;

    /// <summary>Every operation with its object name or prefix, in order; the failed ones are marked.</summary>
    public IReadOnlyList<string> Trace => _counter.Trace;

    public string Location => _inner.Location;

    public StoreCapabilities Capabilities => _inner.Capabilities with { Distant = IsDistant || _inner.Capabilities.Distant };

    public ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken) =>
        AskAsync(
            StoreOperation.Put, name.Value, () => _inner.PutAsync(name, content, condition, cancellationToken));

    public async ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken) =>
        new FaultyWriter(
            this,
            await AskAsync(StoreOperation.Create, name.Value, () => _inner.CreateAsync(name, cancellationToken)));

    public ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        ReadAsync(
            StoreOperation.Read, name, part => _inner.ReadAsync(name, offset, part, cancellationToken), buffer);

    public ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        AskAsync(StoreOperation.Stat, name.Value, () => _inner.StatAsync(name, cancellationToken));

    public IAsyncEnumerable<ObjectFacts> ListAsync(string prefix, CancellationToken cancellationToken) =>
        EnumerateAsync(StoreOperation.List, prefix, _inner.ListAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask<IReadOnlyList<string>> ListChildrenAsync(string prefix, CancellationToken cancellationToken) =>
        AskAsync(StoreOperation.ListChildren, prefix, () => _inner.ListChildrenAsync(prefix, cancellationToken));

    public IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        EnumerateAsync(
            StoreOperation.ListVersions,
            prefix,
            _inner.ListVersionsAsync(prefix, cancellationToken),
            cancellationToken);

    public ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        ReadAsync(
            StoreOperation.ReadVersion,
            name,
            part => _inner.ReadVersionAsync(name, version, offset, part, cancellationToken),
            buffer);

    public ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        AskAsync(StoreOperation.Delete, name.Value, () => _inner.DeleteAsync(name, cancellationToken));

    public ValueTask DeleteManyAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken) =>
        AskAsync(
            StoreOperation.DeleteMany,
            string.Join(' ', names),
            () => _inner.DeleteManyAsync(names, cancellationToken));

    public ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken) =>
        AskAsync(
            StoreOperation.DeleteVersions,
            string.Join(' ', versions.Select(one => one.Name)),
            () => _inner.DeleteVersionsAsync(versions, cancellationToken));

    public ValueTask SettleAsync(string prefix, CancellationToken cancellationToken) =>
        AskAsync(StoreOperation.Settle, prefix, () => _inner.SettleAsync(prefix, cancellationToken));

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) =>
        AskAsync(StoreOperation.Sweep, "", () => _inner.SweepAsync(cancellationToken));

    private async ValueTask AskAsync(StoreOperation operation, string subject, Func<ValueTask> ask) => await AskAsync(
        operation,
        subject,
        async () =>
        {
            await ask();
            return true;
        });

    internal async ValueTask<T> AskAsync<T>(StoreOperation operation, string subject, Func<ValueTask<T>> ask)
    {
        var kind = Enter(operation, subject);
        if (kind is not null and not StoreFaultKind.After)
        {
            throw Failure(operation, subject);
        }

        var answer = await ask();
        return kind is null ? answer : throw Failure(operation, subject);
    }

    private async ValueTask<int> ReadAsync(
        StoreOperation operation, ObjectName name, Func<Memory<byte>, ValueTask<int>> read, Memory<byte> buffer)
    {
        var kind = Enter(operation, name.Value);
        return kind switch
        {
            null => await read(buffer),
            StoreFaultKind.CutRead => await read(buffer) / 2,
            _ => throw Failure(operation, name.Value),
        };
    }

    private async IAsyncEnumerable<ObjectFacts> EnumerateAsync(
        StoreOperation operation,
        string prefix,
        IAsyncEnumerable<ObjectFacts> items,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var kind = Enter(operation, prefix);
        var left = kind is null ? int.MaxValue : Fault!.ItemsBefore;
        await foreach (var item in items.WithCancellation(cancellationToken))
        {
            if (left-- == 0)
            {
                break;
            }

            yield return item;
        }

        if (kind is not null)
        {
            throw Failure(operation, prefix);
        }
    }

    private StoreFaultKind? Enter(StoreOperation operation, string subject) =>
        _counter.Enter(
            $"{operation} {subject}",
            Fault?.Concerns?.Invoke(operation, subject) ?? true,
            Fault?.At,
            Fault?.ForGood ?? false)
            ? Fault!.Kind
            : null;

    private ObjectStoreException Failure(StoreOperation operation, string subject) => new(
        new Failure(
            ErrorCode.StoreUnavailable,
            $"(injected) {operation}",
            subject,
            "the store did not answer",
            Fault!.Transient,
            "Nothing: this was a test."))
    {
        RetryAfter = RetryAfter,
    };
}
