namespace Lifeboat.Storage.Local;

/// <summary>Writes one object of a local store. Owns its temporary file.</summary>
internal sealed class LocalObjectWriter : IObjectWriter
{
    // Enough for the disk to work in long runs, small enough that the sync at the end has little left to do.
    private const long WritebackBytes = 8 << 20;

    private readonly TemporaryFile _file;
    private readonly Func<TemporaryFile, PutCondition, PutOutcome> _publish;
    private long _writebackFrom;
    private bool _spent;

    /// <param name="file">The writer's from here on.</param>
    /// <param name="publish">Gives the file, synced and closed, its final name.</param>
    internal LocalObjectWriter(
        ObjectName name, TemporaryFile file, Func<TemporaryFile, PutCondition, PutOutcome> publish)
    {
        Name = name;
        _file = file;
        _publish = publish;
    }

    public ObjectName Name { get; }

    public long Length { get; private set; }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Write(content.Span, cancellationToken);
        return ValueTask.CompletedTask;
    }

    public ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken) =>
        new(Complete(condition, cancellationToken));

    public ValueTask DisposeAsync()
    {
        _spent = true;
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    internal void Write(ReadOnlySpan<byte> content, CancellationToken cancellationToken)
    {
        Spend(cancellationToken);
        _file.Content.Write(content, Length);
        Length += content.Length;
        if (Length - _writebackFrom >= WritebackBytes)
        {
            _file.Content.StartWriteback(_writebackFrom, Length - _writebackFrom);
            _writebackFrom = Length;
        }

        _spent = false;
    }

    internal PutOutcome Complete(PutCondition condition, CancellationToken cancellationToken)
    {
        Spend(cancellationToken);
        _file.Content.Sync();
        _file.Content.Close();
        cancellationToken.ThrowIfCancellationRequested();
        return _publish(_file, condition);
    }

    // Set first and taken back on success: after a failure half a write may be there, and only disposal is left.
    private void Spend(CancellationToken cancellationToken)
    {
        if (_spent)
        {
            throw new InvalidOperationException($"the writer of '{Name}' has failed, is completed or is disposed");
        }

        cancellationToken.ThrowIfCancellationRequested();
        _spent = true;
    }
}
