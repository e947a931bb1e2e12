using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Packs;

/// <summary>One frame of a pack.</summary>
/// <param name="Number">Its place in the pack, from 0.</param>
/// <param name="Offset">Bytes from the pack's start.</param>
/// <param name="Length">Bytes of the whole frame.</param>
/// <param name="Slots">Read from an index, they have no ids.</param>
public sealed record PackedFrame(Id128 Id, uint Number, long Offset, int Length, Slot[] Slots)
{
    /// <summary>Bytes of the plaintext.</summary>
    public int PlainLength => Slots.Sum(slot => slot.Length);
}

/// <summary>A pack and what it holds.</summary>
/// <param name="Size">Bytes of the object.</param>
/// <param name="CreatedUs">Microseconds since 1970-01-01 UTC, as its header says.</param>
public sealed record PackRecord(Id128 Id, long Size, long CreatedUs, PackedFrame[] Frames);
