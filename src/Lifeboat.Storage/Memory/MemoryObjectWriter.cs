namespace Lifeboat.Storage.Memory;

/// <summary>Gathers an object in memory and puts it whole.</summary>
internal sealed class MemoryObjectWriter : IObjectWriter
{
    private readonly Func<ReadOnlyMemory<byte>, PutCondition, CancellationToken, ValueTask<PutOutcome>> _put;
    private readonly MemoryStream _content = new();
    private bool _spent;

    internal MemoryObjectWriter(IObjectStore store, ObjectName name)
        : this(name, (content, condition, token) => store.PutAsync(name, content, condition, token))
    {
    }

    internal MemoryObjectWriter(
        ObjectName name, Func<ReadOnlyMemory<byte>, PutCondition, CancellationToken, ValueTask<PutOutcome>> put)
    {
        _put = put;
        Name = name;
    }

    public ObjectName Name { get; }

    public long Length => _content.Length;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        RequireUnspent();
        cancellationToken.ThrowIfCancellationRequested();
        _content.Write(content.Span);
        return ValueTask.CompletedTask;
    }

    public ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken)
    {
        RequireUnspent();
        _spent = true;
        return _put(_content.ToArray(), condition, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _spent = true;
        return ValueTask.CompletedTask;
    }

    private void RequireUnspent()
    {
        if (_spent)
        {
            throw new InvalidOperationException($"the writer of '{Name}' is completed or disposed");
        }
    }
}
