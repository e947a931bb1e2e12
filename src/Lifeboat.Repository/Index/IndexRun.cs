using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Index;

/// <summary>An index run: packs and what they hold, many of them in one object (format, section 5).</summary>
internal static class IndexRun
{
    /// <summary>The least bytes of a frame's entry: id, offset, length, slot count.</summary>
    private const int LeastFrameBytes = Id128.Size + 3;

    /// <summary>Writes a run; null when there is nothing to list.</summary>
    internal static async ValueTask<Id128?> WriteAsync(
        Cluster cluster, IReadOnlyCollection<PackRecord> packs, CancellationToken cancellationToken)
    {
        if (packs.Count == 0)
        {
            return null;
        }

        var id = Id128.NewRandom();
        using var compressor = new Compressor(level: 3);
        await using var writer = await ContainerWriter.CreateAsync(
            cluster.Store,
            ObjectNames.IndexRun(cluster.Name, id),
            ContainerKind.IndexRun,
            cluster.DataKey,
            compressor,
            cluster.Time.GetUtcNow(),
            cancellationToken);
        var frame = new ByteSink(ContainerLimits.BodyPlaintext);
        var entry = new ByteSink(64 << 10);
        foreach (var pack in packs.OrderBy(pack => pack.Id))
        {
            entry.Clear();
            Encode(entry, pack);
            if (frame.Length + entry.Length > ContainerLimits.BodyPlaintext)
            {
                await writer.WriteFrameAsync(frame.Memory, cancellationToken);
                frame.Clear();
            }

            frame.Bytes(entry.Span);
        }

        await writer.WriteFrameAsync(frame.Memory, cancellationToken);
        await writer.CompleteNewAsync(default, cancellationToken);
        return id;
    }

    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    internal static async ValueTask<(DateTimeOffset Created, IReadOnlyList<PackRecord> Packs)> ReadAsync(
        Cluster cluster, Id128 run, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 3);
        using var reader = await ContainerReader.OpenAsync(
            cluster.Store,
            ObjectNames.IndexRun(cluster.Name, run),
            ContainerKind.IndexRun,
            cluster.DataKey,
            compressor,
            size: null,
            cancellationToken);
        var packs = new List<PackRecord>();
        for (var number = 0; number < reader.Frames; number++)
        {
            var frame = await reader.ReadFrameAsync(number, cancellationToken);
            try
            {
                Decode(frame, packs);
            }
            catch (DecodingException exception)
            {
                throw DamagedObjectException.Of(reader.Name, exception);
            }
        }

        return (reader.Created, packs);
    }

    private static void Encode(ByteSink sink, PackRecord pack)
    {
        pack.Id.Write(sink.Append(Id128.Size));
        sink.Varint(pack.Size);
        sink.Byte(0);
        sink.Int64(0);
        sink.Varint(pack.Frames.Length);
        foreach (var frame in pack.Frames)
        {
            frame.Id.Write(sink.Append(Id128.Size));
            sink.Varint(frame.Offset);
            sink.Varint(frame.Length);
            Slot.WriteAll(sink, frame.Slots);
        }
    }

    private static void Decode(ReadOnlySpan<byte> bytes, List<PackRecord> packs)
    {
        var source = new ByteSource(bytes);
        while (source.Remaining > 0)
        {
            var id = Id128.Read(source.Bytes(Id128.Size));
            var size = source.VarintLong("a pack's size");
            if (source.Byte() != 0 || source.Int64() != 0)
            {
                throw new DecodingException("a pack has a storage class or a lock that this version does not write");
            }

            var frames = new PackedFrame[source.Count(LeastFrameBytes, "frames")];
            for (var number = 0; number < frames.Length; number++)
            {
                frames[number] = new PackedFrame(
                    Id128.Read(source.Bytes(Id128.Size)),
                    (uint)number,
                    source.VarintLong("a frame's offset"),
                    source.VarintUpTo(FrameSealer.Bound(ContainerLimits.BodyPlaintext), "a frame's length"),
                    Slot.ReadAll(ref source));
            }

            packs.Add(new PackRecord(id, size, frames));
        }
    }
}
