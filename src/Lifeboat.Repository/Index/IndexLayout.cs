using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Index;

/// <summary>The entries of an index run as bytes (format, section 5).</summary>
internal static class IndexLayout
{
    /// <summary>A body frame of frames or extents is written when it has so many bytes.</summary>
    internal const int BlockSize = 64 << 10;

    internal const int LeastPackBytes = Id128.Size + 20;

    internal static void Encode(ByteSink sink, IndexedPack pack)
    {
        pack.Id.Write(sink.Append(Id128.Size));
        sink.Varint(pack.Size);
        sink.Int64(pack.CreatedUs);
        sink.Byte(pack.StorageClass);
        sink.Int64(pack.LockedUntilUs);
        sink.Byte(pack.IsCondemned ? (byte)1 : (byte)0);
        sink.Varint(pack.Frames);
    }

    internal static void Encode(ByteSink sink, IndexedFrame entry)
    {
        entry.Frame.Id.Write(sink.Append(Id128.Size));
        sink.Varint(entry.Pack);
        sink.Varint(entry.Frame.Number);
        sink.Varint(entry.Frame.Offset);
        sink.Varint(entry.Frame.Length);
        sink.Varint(entry.Frame.Slots.Length);
        foreach (var slot in entry.Frame.Slots)
        {
            sink.Byte((byte)slot.Kind);
            sink.Varint(slot.Length);
        }
    }

    internal static void Encode(ByteSink sink, IndexedExtent entry)
    {
        entry.Id.Write(sink.Append(Id128.Size));
        sink.Varint(entry.Pack);
        sink.Varint(entry.Frame);
        sink.Varint(entry.Slot);
    }

    internal static void DecodePacks(ReadOnlySpan<byte> bytes, List<IndexedPack> packs)
    {
        var source = new ByteSource(bytes);
        while (source.Remaining > 0)
        {
            var pack = new IndexedPack(
                Id128.Read(source.Bytes(Id128.Size)),
                source.VarintLong("a pack's size"),
                source.Int64(),
                source.Byte(),
                source.Int64(),
                source.Byte() switch
                {
                    0 => false,
                    1 => true,
                    _ => throw new DecodingException("a pack is neither condemned nor not"),
                },
                source.VarintUpTo(int.MaxValue, "a pack's number of frames"));
            Ascend(packs.Count > 0 ? packs[^1].Id.CompareTo(pack.Id) : -1);
            packs.Add(pack);
        }
    }

    internal static IndexedFrame[] DecodeFrames(ReadOnlySpan<byte> bytes, int packs)
    {
        var source = new ByteSource(bytes);
        var entries = new List<IndexedFrame>();
        while (source.Remaining > 0)
        {
            var id = Id128.Read(source.Bytes(Id128.Size));
            var pack = source.VarintUpTo(packs - 1, "a pack's place");
            var frame = new PackedFrame(
                id,
                (uint)source.VarintUpTo(int.MaxValue, "a frame's number"),
                source.VarintLong("a frame's offset"),
                source.VarintUpTo(FrameSealer.Bound(ContainerLimits.BodyPlaintext), "a frame's length"),
                ReadSlots(ref source));
            entries.Add(new IndexedFrame(pack, frame));
            Ascend(entries.Count > 1 ? IndexedFrame.Compare(entries[^2], entries[^1]) : -1);
        }

        return [.. entries];
    }

    internal static IndexedExtent[] DecodeExtents(ReadOnlySpan<byte> bytes, int packs)
    {
        var source = new ByteSource(bytes);
        var entries = new List<IndexedExtent>(bytes.Length / (Id128.Size + 3));
        while (source.Remaining > 0)
        {
            entries.Add(new IndexedExtent(
                Id128.Read(source.Bytes(Id128.Size)),
                source.VarintUpTo(packs - 1, "a pack's place"),
                (uint)source.VarintUpTo(int.MaxValue, "a frame's number"),
                source.VarintUpTo(Slot.MostPerFrame - 1, "a slot")));
            Ascend(entries.Count > 1 ? IndexedExtent.Compare(entries[^2], entries[^1]) : -1);
        }

        return [.. entries];
    }

    private static Slot[] ReadSlots(ref ByteSource source)
    {
        var count = source.Count(2, "slots");
        if (count > Slot.MostPerFrame)
        {
            throw new DecodingException($"a frame has {count} slots, more than {Slot.MostPerFrame}");
        }

        var slots = new Slot[count];
        var total = 0;
        for (var at = 0; at < count; at++)
        {
            var kind = (SlotKind)source.Byte();
            if (kind > SlotKind.LoosePages)
            {
                throw new DecodingException($"a slot is of the unknown kind {(byte)kind}");
            }

            var length = source.VarintUpTo(ContainerLimits.BodyPlaintext - total, "a slot's length");
            total += length;
            slots[at] = new Slot(kind, length, default);
        }

        return slots;
    }

    private static void Ascend(int order)
    {
        if (order >= 0)
        {
            throw new DecodingException("its entries are not in order");
        }
    }
}
