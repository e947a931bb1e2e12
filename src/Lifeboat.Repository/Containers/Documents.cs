using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Containers;

/// <summary>Objects whose first frame is one JSON document.</summary>
internal static class Documents
{
    internal static async ValueTask<PutOutcome> PutAsync<T>(
        IObjectStore store,
        ObjectName name,
        ContainerKind kind,
        SealingKey key,
        JsonTypeInfo<T> type,
        T document,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 3);
        await using var writer = await ContainerWriter.CreateAsync(
            store, name, kind, key, compressor, now, cancellationToken, readBack: true);
        await writer.WriteFrameAsync(JsonSerializer.SerializeToUtf8Bytes(document, type), cancellationToken);
        return await writer.CompleteAsync(default, PutCondition.IfAbsent, cancellationToken);
    }

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

    internal static async ValueTask<T> ReadAsync<T>(
        ContainerReader reader, int frame, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        if ((uint)frame >= (uint)reader.Frames)
        {
            throw new DamagedObjectException(reader.Name, DamageKind.Inconsistent, "it holds no document");
        }

        var json = await reader.ReadFrameAsync(frame, cancellationToken);
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
}
