using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Postgres.Format.Tar;

/// <summary>What an entry of a server's archive is.</summary>
public enum TarKind
{
    Regular,
    Directory,
    SymbolicLink,
}

/// <summary>
/// The header of one entry of an archive as PostgreSQL's servers write them (tar.c: ustar, 512 bytes, the name in its first
/// 100, no prefix). Anything else is refused.
/// </summary>
/// <param name="Name">Relative, in its shortest form: without <c>.</c>, <c>..</c> and slashes at the ends.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Size">Bytes of the content behind it, which is filled up to whole blocks; 0 for all but files.</param>
/// <param name="Modified">Seconds since 1970-01-01 UTC.</param>
public sealed record TarHeader(string Name, TarKind Kind, int Mode, long Size, long Modified)
{
    public const int BlockSize = 512;

    private const int NameLength = 100;
    private const int ChecksumAt = 148;
    private const int ChecksumLength = 8;
    private const int TypeAt = 156;
    private const int MagicAt = 257;
    private const int PrefixAt = 345;
    private const int PrefixLength = 155;

    /// <summary>A file of PostgreSQL is at most 1 GiB, one of others what a file system holds.</summary>
    private const long MostSize = 1L << 60;

    /// <summary>Whether the block is the end of an archive.</summary>
    public static bool IsEnd(ReadOnlySpan<byte> block) => !block.ContainsAnyExcept((byte)0);

    /// <param name="block">512 bytes.</param>
    /// <exception cref="LifeboatException">Damaged.</exception>
    public static TarHeader Parse(ReadOnlySpan<byte> block)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(block.Length, BlockSize);
        if (!block.Slice(MagicAt, 8).SequenceEqual("ustar\000"u8) || Sum(block) != Number(block.Slice(ChecksumAt, ChecksumLength)))
        {
            throw Bad("a header has another form or another checksum");
        }

        if (block.Slice(PrefixAt, PrefixLength).ContainsAnyExcept((byte)0))
        {
            throw Bad("a header has a prefix, which servers never write");
        }

        TarKind kind = block[TypeAt] switch
        {
            (byte)'0' => TarKind.Regular,
            (byte)'2' => TarKind.SymbolicLink,
            (byte)'5' => TarKind.Directory,
            var other => throw Bad($"an entry is of the kind {other}"),
        };
        var size = Number(block.Slice(124, 12));
        return new TarHeader(
            ReadName(block[..NameLength]),
            kind,
            (int)(Number(block.Slice(100, 8)) & 0xFFF),
            kind == TarKind.Regular ? size
                : size == 0 ? 0
                : throw Bad("a directory or a link has content"),
            Number(block.Slice(136, 12)));
    }

    private static string ReadName(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        var name = PosixPath.Decode(end < 0 ? field : field[..end]);
        name = name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;
        name = name.EndsWith('/') ? name[..^1] : name;
        foreach (var part in name.Split('/'))
        {
            if (part is "" or "." or "..")
            {
                throw Bad($"the name '{PosixPath.Display(name)}' does not stay in its directory");
            }
        }

        return name;
    }

    /// <summary>Octal digits, or what does not fit into them as a binary number, marked by its first bit.</summary>
    private static long Number(ReadOnlySpan<byte> field)
    {
        long number = 0;
        if (field[0] == 0x80)
        {
            foreach (var part in field[1..])
            {
                number = number <= MostSize >> 8 ? (number << 8) | part : throw Bad("a number is too large");
            }

            return number <= MostSize ? number : throw Bad("a number is too large");
        }

        var digits = field.TrimEnd(" \0"u8).TrimStart((byte)' ');
        foreach (var digit in digits)
        {
            number = digit is >= (byte)'0' and <= (byte)'7' ? (number << 3) | (long)(digit - '0') : throw Bad("a number is none");
        }

        return digits.IsEmpty ? throw Bad("a number is missing") : number;
    }

    /// <summary>Of all bytes, those of the checksum taken as blanks.</summary>
    private static long Sum(ReadOnlySpan<byte> block)
    {
        long sum = ChecksumLength * ' ';
        for (var at = 0; at < block.Length; at++)
        {
            sum += at is >= ChecksumAt and < ChecksumAt + ChecksumLength ? 0 : block[at];
        }

        return sum;
    }

    private static LifeboatException Bad(string cause) => new(new Failure(
        ErrorCode.Damaged,
        "read the server's archive",
        "",
        cause,
        Hint: "Nothing is listed. Check that a PostgreSQL server answers at this address, without a proxy between, and run the "
            + "backup again."));
}
