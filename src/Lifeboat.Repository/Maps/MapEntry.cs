using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>
/// One entry of the key space (path, extent number). Exactly one of extent, facts and gone is set; facts and gone come
/// behind all extents of their path.
/// </summary>
/// <param name="PathBytes">The path relative to the data directory, as the kernel names it.</param>
public sealed record MapEntry(byte[] PathBytes, ExtentEntry? Extent, FileFacts? Facts, bool IsGone)
{
    internal const int LongestPath = 4096;

    private string? _path;

    /// <summary>
    /// So many extents of the file remain of what earlier runs say of it; null when all do. The same for every entry of a
    /// file in one run.
    /// </summary>
    public int? Kept { get; init; }

    /// <summary>The path as a string that carries every byte (<see cref="Platform.Files.PosixPath"/>).</summary>
    public string Path => _path ??= Platform.Files.PosixPath.Decode(PathBytes);

    /// <summary>The ids of every frame that it names, whatever other runs say of its place.</summary>
    internal IEnumerable<Id128> FrameIds => Extent?.Frames.Select(frame => frame.Id) ?? [];

    internal int Number => Extent?.Number ?? int.MaxValue;

    /// <summary>Why a reader would refuse this entry; null when it would not. A writer asks before it is too late.</summary>
    internal string? Fault()
    {
        if (PathBytes.Length is 0 or > LongestPath)
        {
            return $"its path has {PathBytes.Length} bytes";
        }

        if ((Extent is null ? 0 : 1) + (Facts is null ? 0 : 1) + (IsGone ? 1 : 0) != 1)
        {
            return "it is not exactly one of extent, facts and gone";
        }

        if (Kept < 0)
        {
            return $"it keeps {Kept} extents";
        }

        if (Facts is { } facts && (facts.Mode is < 0 or > FileFacts.GreatestMode || facts.Length < 0))
        {
            return $"its mode is {facts.Mode} and its length {facts.Length}";
        }

        return Extent is { } extent ? extent.Fault() : null;
    }

    internal static int Compare(MapEntry a, MapEntry b)
    {
        var byPath = a.PathBytes.AsSpan().SequenceCompareTo(b.PathBytes);
        return byPath != 0 ? byPath : a.Number.CompareTo(b.Number);
    }
}
