namespace Lifeboat.Postgres.Format.Wal.Changes;

/// <summary>
/// A part of a record that goes over a segment's edge, page headers taken out. Of a long one only the beginning, where
/// the block references are, and the end, where the main data is: what lies between is page images. Immutable.
/// </summary>
public sealed class WalFragment
{
    /// <summary>Of a long fragment so many bytes of its beginning: block references take 33 times 29 at most.</summary>
    public const int FrontLength = 4 << 10;

    /// <summary>Of a long fragment so many bytes of its end.</summary>
    public const int BackLength = 60 << 10;

    /// <summary>A fragment up to this length is kept whole.</summary>
    public const int MostBytes = FrontLength + BackLength;

    public static readonly WalFragment Empty = new(0, default, default);

    private readonly ReadOnlyMemory<byte> _front;
    private readonly ReadOnlyMemory<byte> _back;

    private WalFragment(long length, ReadOnlyMemory<byte> front, ReadOnlyMemory<byte> back)
    {
        Length = length;
        _front = front;
        _back = back;
    }

    /// <summary>How long it is, the part that was left out included.</summary>
    public long Length { get; }

    public bool IsWhole => Length <= MostBytes;

    /// <summary>All of it, when it is whole; else its first <see cref="FrontLength"/> bytes.</summary>
    public ReadOnlySpan<byte> Front => _front.Span;

    /// <summary>Its last <see cref="BackLength"/> bytes; empty when it is whole.</summary>
    public ReadOnlySpan<byte> Back => _back.Span;

    /// <summary>From what was kept of it.</summary>
    /// <returns>Null when so many bytes are not what is kept of such a length.</returns>
    public static WalFragment? Of(long length, ReadOnlySpan<byte> front, ReadOnlySpan<byte> back)
    {
        var fits = length <= MostBytes
            ? front.Length == length && back.IsEmpty
            : front.Length == FrontLength && back.Length == BackLength;
        return fits ? new WalFragment(length, front.ToArray(), back.ToArray()) : null;
    }

    /// <summary>How many bytes of a fragment of this length are kept in front and at the back.</summary>
    public static (int Front, int Back) KeptOf(long length) =>
        length <= MostBytes ? ((int)length, 0) : (FrontLength, BackLength);

    /// <summary>A record's bytes from a place in a segment on.</summary>
    /// <param name="content">A segment from its first byte, or a part of it.</param>
    /// <param name="offset">Where the fragment begins, behind the header of its page.</param>
    /// <param name="length">How many bytes of the record are wanted; those that are there are taken.</param>
    internal static WalFragment Gather(ReadOnlySpan<byte> content, int offset, long length)
    {
        var pieces = new List<(int Offset, int Length)>();
        long total = 0;
        for (var at = offset; at < content.Length && total < length;)
        {
            at += (at % WalPageHeader.PageSize, at) switch
            {
                (0, 0) => WalPageHeader.LongLength,
                (0, _) => WalPageHeader.ShortLength,
                _ => 0,
            };
            var room = Math.Min(WalPageHeader.PageSize - (at % WalPageHeader.PageSize), content.Length - at);
            var here = (int)Math.Min(room, length - total);
            if (here <= 0)
            {
                break;
            }

            pieces.Add((at, here));
            total += here;
            at += here;
        }

        var (front, back) = KeptOf(total);
        return new WalFragment(
            total, Copy(content, pieces, 0, front), Copy(content, pieces, total - back, back));
    }

    /// <summary>This fragment and the one that follows it as one.</summary>
    internal WalFragment Then(WalFragment next)
    {
        if (Length == 0 || next.Length == 0)
        {
            return Length == 0 ? next : this;
        }

        var length = Length + next.Length;
        if (length <= MostBytes)
        {
            return new WalFragment(length, (byte[])[.. Front, .. next.Front], default);
        }

        var front = new byte[FrontLength];
        var own = (int)Math.Min(Length, FrontLength);
        Front[..own].CopyTo(front);
        next.Front[..(FrontLength - own)].CopyTo(front.AsSpan(own));
        var back = new byte[BackLength];
        var their = (int)Math.Min(next.Length, BackLength);
        next.Last(their).CopyTo(back.AsSpan(BackLength - their));
        Last(BackLength - their).CopyTo(back);
        return new WalFragment(length, front, back);
    }

    private ReadOnlySpan<byte> Last(int count) => IsWhole ? Front[^count..] : Back[^count..];

    private static byte[] Copy(ReadOnlySpan<byte> content, List<(int Offset, int Length)> pieces, long skip, int count)
    {
        var bytes = new byte[count];
        var filled = 0;
        foreach (var (offset, length) in pieces)
        {
            if (filled == count)
            {
                break;
            }

            if (skip >= length)
            {
                skip -= length;
                continue;
            }

            var here = Math.Min(length - (int)skip, count - filled);
            content.Slice(offset + (int)skip, here).CopyTo(bytes.AsSpan(filled));
            filled += here;
            skip = 0;
        }

        return bytes;
    }
}
