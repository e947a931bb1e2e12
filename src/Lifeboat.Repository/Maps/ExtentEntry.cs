using System.Numerics;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>Where the content of one extent is, and what it must be.</summary>
/// <param name="Number">The extent's place in its file: byte offset divided by the extent size.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Id">The extent's id; zero for an extent of zeros and for a patch.</param>
/// <param name="Tags">
/// 20 bytes for each page (<see cref="PageTags"/>); empty for an extent of zeros; of a patch for the pages of its
/// overlays, ascending.
/// </param>
/// <param name="Base">The frame that holds it; null when zeros are below.</param>
/// <param name="Slot">The slot of that frame.</param>
/// <param name="Overlays">Pages that replace those of the base, later ones over earlier ones.</param>
public sealed record ExtentEntry(
    int Number, int Length, Id128 Id, byte[] Tags, FrameReference? Base, int Slot, Overlay[] Overlays)
{
    /// <summary>More overlays than this no extent of a backup has (format, section 6).</summary>
    public const int MostOverlays = 4;

    /// <summary>Whether it only replaces pages of what an earlier run says of the extent.</summary>
    public bool IsPatch { get; init; }

    /// <summary>An extent of which every byte is zero: nothing is stored for it.</summary>
    public static ExtentEntry Zeros(int number, int length) => new(number, length, default, [], null, 0, []);

    /// <summary>Pages over what the parent's map says of an extent.</summary>
    /// <param name="length">Bytes of the extent now; never fewer than in the parent.</param>
    /// <param name="tags">20 bytes for each page of the overlay, ascending.</param>
    public static ExtentEntry Patch(int number, int length, byte[] tags, Overlay overlay) =>
        new(number, length, default, tags, null, 0, [overlay]) { IsPatch = true };

    public bool IsZero => Base is null && Overlays.Length == 0;

    /// <summary>Every frame that it names.</summary>
    internal IEnumerable<FrameReference> Frames =>
        Overlays.Select(overlay => overlay.Frame).Concat(Base is { } held ? [held] : []);

    /// <summary>The pages that its overlays hold.</summary>
    internal ulong OverlaidPages => Overlay.Union(Overlays);

    /// <summary>Every page of the extent.</summary>
    internal ulong AllPages => PageTags.AllPages(Length);

    /// <summary>Why a reader would refuse this extent; null when it would not.</summary>
    internal string? Fault()
    {
        if (Number is < 0 or int.MaxValue || Length is <= 0 or > PageTags.ExtentSize)
        {
            return $"extent {Number} has {Length} bytes";
        }

        var tagged = IsPatch ? BitOperations.PopCount(OverlaidPages) : IsZero ? 0 : PageTags.PagesOf(Length);
        if (Tags.Length != tagged * PageTags.TagSize || (IsPatch && (Overlays.Length == 0 || Base is not null)))
        {
            return $"extent {Number} has {Tags.Length} bytes of tags and {Overlays.Length} overlays";
        }

        if (Slot is < 0 or >= Repository.Frames.Slot.MostPerFrame
            || Overlays.Any(overlay => overlay.Slot is < 0 or >= Repository.Frames.Slot.MostPerFrame
                || overlay.Pages == 0 || (overlay.Pages & ~AllPages) != 0))
        {
            return $"extent {Number} refers to a slot or page that cannot be";
        }

        return IsSettled ? null : $"extent {Number} refers to a frame that is still open";
    }

    /// <summary>Whether every page it refers to has been given its frame's final id.</summary>
    public bool IsSettled => Base is not { IsClosed: false } && Overlays.All(overlay => overlay.Frame.IsClosed);
}
