using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Frames;

/// <summary>What a slot of a frame holds. The numbers are part of the format.</summary>
public enum SlotKind : byte
{
    Extent = 0,
    LoosePages = 1,
}

/// <summary>One piece of content within a frame.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Id">Of an extent its id; of loose pages the id that an extent of just these pages would have.</param>
public readonly record struct Slot(SlotKind Kind, int Length, Id128 Id)
{
    /// <summary>More slots would let a directory or an index entry outgrow its bound.</summary>
    internal const int MostPerFrame = 4096;

    private const int LeastBytes = 2 + Id128.Size;

    internal static void WriteAll(ByteSink sink, ReadOnlySpan<Slot> slots)
    {
        sink.Varint(slots.Length);
        foreach (var slot in slots)
        {
            sink.Byte((byte)slot.Kind);
            sink.Varint(slot.Length);
            slot.Id.Write(sink.Append(Id128.Size));
        }
    }

    internal static Slot[] ReadAll(ref ByteSource source)
    {
        var count = source.Count(LeastBytes, "slots");
        if (count > MostPerFrame)
        {
            throw new DecodingException($"a frame has {count} slots, more than {MostPerFrame}");
        }

        var slots = new Slot[count];
        var total = 0;
        for (var at = 0; at < slots.Length; at++)
        {
            var kind = (SlotKind)source.Byte();
            if (kind > SlotKind.LoosePages)
            {
                throw new DecodingException($"a slot is of the unknown kind {(byte)kind}");
            }

            var length = source.VarintUpTo(Containers.ContainerLimits.BodyPlaintext - total, "a slot's length");
            total += length;
            slots[at] = new Slot(kind, length, Id128.Read(source.Bytes(Id128.Size)));
        }

        return slots;
    }

    /// <summary>Where a slot begins in its frame.</summary>
    internal static int OffsetOf(ReadOnlySpan<Slot> slots, int slot)
    {
        var offset = 0;
        foreach (var before in slots[..slot])
        {
            offset += before.Length;
        }

        return offset;
    }
}
