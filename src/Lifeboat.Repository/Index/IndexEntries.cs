using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Index;

/// <summary>What an index run says of a pack.</summary>
/// <param name="Size">Bytes of the object.</param>
/// <param name="StorageClass">0 is read at once; others need the store's help first.</param>
/// <param name="LockedUntilUs">Microseconds since 1970-01-01 UTC until which the store refuses deletion; 0 for none.</param>
/// <param name="IsCondemned">It will be deleted: nothing may refer to it anew.</param>
/// <param name="Frames">Its frames that the run lists; 0 when it only tells the facts.</param>
public sealed record IndexedPack(
    Id128 Id, long Size, long CreatedUs, byte StorageClass, long LockedUntilUs, bool IsCondemned, int Frames);

/// <summary>A frame of a run's list.</summary>
/// <param name="Pack">The pack's place in the run.</param>
/// <param name="Frame">Its slots have no ids.</param>
internal sealed record IndexedFrame(int Pack, PackedFrame Frame)
{
    internal static int Compare(IndexedFrame a, IndexedFrame b)
    {
        var order = a.Frame.Id.CompareTo(b.Frame.Id);
        order = order != 0 ? order : a.Pack.CompareTo(b.Pack);
        return order != 0 ? order : a.Frame.Number.CompareTo(b.Frame.Number);
    }
}

/// <summary>An extent of a run's list.</summary>
internal readonly record struct IndexedExtent(Id128 Id, int Pack, uint Frame, int Slot)
{
    internal static int Compare(IndexedExtent a, IndexedExtent b)
    {
        var order = a.Id.CompareTo(b.Id);
        order = order != 0 ? order : a.Pack.CompareTo(b.Pack);
        order = order != 0 ? order : a.Frame.CompareTo(b.Frame);
        return order != 0 ? order : a.Slot.CompareTo(b.Slot);
    }
}
