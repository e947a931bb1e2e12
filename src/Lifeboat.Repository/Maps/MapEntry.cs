namespace Lifeboat.Repository.Maps;

/// <summary>
/// One entry of the key space (path, extent number). Exactly one of extent, facts and gone is set; facts and gone come
/// behind all extents of their path.
/// </summary>
/// <param name="PathBytes">The path relative to the data directory, as the kernel names it.</param>
public sealed record MapEntry(byte[] PathBytes, ExtentEntry? Extent, FileFacts? Facts, bool IsGone)
{
    private string? _path;

    /// <summary>The path as a string that carries every byte (<see cref="Platform.Files.PosixPath"/>).</summary>
    public string Path => _path ??= Platform.Files.PosixPath.Decode(PathBytes);

    internal int Number => Extent?.Number ?? int.MaxValue;

    internal static int Compare(MapEntry a, MapEntry b)
    {
        var byPath = a.PathBytes.AsSpan().SequenceCompareTo(b.PathBytes);
        return byPath != 0 ? byPath : a.Number.CompareTo(b.Number);
    }
}
