namespace Lifeboat.Storage;

/// <summary>An object being written, front to back, by one caller at a time. After any failure only disposal is left.</summary>
/// <remarks>A call after a failure, after completion or after disposal is an <see cref="InvalidOperationException"/>.</remarks>
public interface IObjectWriter : IAsyncDisposable
{
    ObjectName Name { get; }

    /// <summary>Bytes written so far.</summary>
    long Length { get; }

    /// <summary>Appends. The buffer may be reused as soon as the call returns.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Makes the object visible and durable, or reports that another one has the name already.</summary>
    /// <remarks>Is called once. A failure leaves it open whether the object is there; the caller compares.</remarks>
    ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken);
}
