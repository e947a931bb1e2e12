namespace Lifeboat.Storage.Retry;

/// <summary>
/// A put that failed may have happened. So when a repeated IfAbsent put finds the name taken, the object there is read and
/// compared: with the same bytes the outcome is Created.
/// </summary>
public static class RepeatedPut
{
    private const int CompareBytes = 1 << 20;

    /// <param name="store">Read to compare; its own calls are not repeated but by the next put.</param>
    public static ValueTask<PutOutcome> RunAsync(
        Repetition repetition,
        IObjectStore store,
        ObjectName name,
        ReadOnlyMemory<byte> content,
        Func<ValueTask<PutOutcome>> put,
        CancellationToken cancellationToken) =>
        repetition.RunAsync(
            async attempt => await put() is var outcome && outcome == PutOutcome.AlreadyExists && attempt > 1
                && await HoldsAsync(store, name, content, cancellationToken)
                ? PutOutcome.Created
                : outcome,
            cancellationToken);

    private static async ValueTask<bool> HoldsAsync(
        IObjectStore store, ObjectName name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        // One byte more than is left, so that an object which is longer is seen to differ.
        var buffer = new byte[Math.Min(content.Length, CompareBytes) + 1];
        for (var offset = 0; ;)
        {
            var wanted = Math.Min(buffer.Length, content.Length - offset + 1);
            var read = await store.ReadAsync(name, offset, buffer.AsMemory(0, wanted), cancellationToken);
            if (offset + read > content.Length || !buffer.AsSpan(0, read).SequenceEqual(content.Span.Slice(offset, read)))
            {
                return false;
            }

            offset += read;
            if (read < wanted)
            {
                return offset == content.Length;
            }
        }
    }
}
