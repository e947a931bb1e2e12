using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Containers;

/// <summary>Objects whose first frame is one JSON document.</summary>
internal static class Documents
{
    /// <summary>Stores the document, unless there is an object of this name.</summary>
    internal static ValueTask<PutOutcome> PutAsync<T>(
        IObjectStore store,
        ObjectName name,
        ContainerKind kind,
        SealingKey key,
        JsonTypeInfo<T> type,
        T document,
        DateTimeOffset now,
        CancellationToken cancellationToken) =>
        PutAsync(
            store, name, kind, key, JsonSerializer.SerializeToUtf8Bytes(document, type), now, cancellationToken);

    /// <inheritdoc cref="PutAsync{T}(IObjectStore, ObjectName, ContainerKind, SealingKey, JsonTypeInfo{T}, T, DateTimeOffset, CancellationToken)"/>
    internal static ValueTask<PutOutcome> PutAsync<T>(
        IObjectStore store,
        ObjectName name,
        ContainerKind kind,
        SealingKey key,
        DocumentForm<T> form,
        T document,
        DateTimeOffset now,
        CancellationToken cancellationToken)
        where T : class =>
        PutAsync(store, name, kind, key, form.ToBytes(document), now, cancellationToken);

    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    internal static async ValueTask<T> ReadAsync<T>(
        IObjectStore store,
        ObjectName name,
        ContainerKind kind,
        SealingKey key,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 3);
        using var reader = await ContainerReader.OpenAsync(
            store, name, kind, key, compressor, size: null, cancellationToken);
        return await ReadAsync(reader, frame: 0, type, cancellationToken);
    }

    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    internal static async ValueTask<T> ReadAsync<T>(
        IObjectStore store,
        ObjectName name,
        ContainerKind kind,
        SealingKey key,
        DocumentForm<T> form,
        CancellationToken cancellationToken)
        where T : class
    {
        using var compressor = new Compressor(level: 3);
        using var reader = await ContainerReader.OpenAsync(
            store, name, kind, key, compressor, size: null, cancellationToken);
        return await ReadAsync(reader, frame: 0, form, cancellationToken);
    }

    internal static async ValueTask<T> ReadAsync<T>(
        ContainerReader reader, int frame, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var json = await ReadFrameAsync(reader, frame, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize(json, type)
                ?? throw new DamagedObjectException(reader.Name, DamageKind.Inconsistent, "its document is empty");
        }
        catch (JsonException exception)
        {
            throw DamagedObjectException.Of(reader.Name, exception);
        }
    }

    internal static async ValueTask<T> ReadAsync<T>(
        ContainerReader reader, int frame, DocumentForm<T> form, CancellationToken cancellationToken)
        where T : class
    {
        var json = await ReadFrameAsync(reader, frame, cancellationToken);
        try
        {
            return JsonFields.Read(json, form.Read);
        }
        catch (JsonException exception)
        {
            throw DamagedObjectException.Of(reader.Name, exception);
        }
    }

    private static async ValueTask<PutOutcome> PutAsync(
        IObjectStore store,
        ObjectName name,
        ContainerKind kind,
        SealingKey key,
        byte[] json,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 3);
        await using var writer = await ContainerWriter.CreateAsync(
            store, name, kind, key, compressor, now, cancellationToken, readBack: true);
        await writer.WriteFrameAsync(json, cancellationToken);
        return await writer.CompleteAsync(default, PutCondition.IfAbsent, cancellationToken);
    }

    private static ValueTask<byte[]> ReadFrameAsync(
        ContainerReader reader, int frame, CancellationToken cancellationToken) =>
        (uint)frame < (uint)reader.Frames
            ? reader.ReadFrameAsync(frame, cancellationToken)
            : throw new DamagedObjectException(reader.Name, DamageKind.Inconsistent, "it holds no document");
}
