using System.Globalization;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>
/// Reads the header of an answer that carries a part of an object: <c>Content-Range: bytes 0-99/1000</c>.
/// </summary>
internal static class S3Range
{
    private const string Unit = "bytes ";

    /// <summary>
    /// The bytes that follow: as many as asked for, or those to the object's end. Null when the answer is of another range
    /// than was asked for, or of none: some stores and caches give the whole object, and the wrong bytes would be read.
    /// </summary>
    internal static int? LengthOf(string? header, long offset, int asked)
    {
        if (header is null || !header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var text = header.AsSpan(Unit.Length);
        var dash = text.IndexOf('-');
        var slash = text.IndexOf('/');
        return dash > 0 && slash > dash
            && TryRead(text[..dash], out var first) && first == offset
            && TryRead(text[(dash + 1)..slash], out var last)
            && TryRead(text[(slash + 1)..], out var size)
            && last == Math.Min(offset + asked, size) - 1
            && last >= first
                ? (int)(last - first + 1)
                : null;
    }

    private static bool TryRead(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
