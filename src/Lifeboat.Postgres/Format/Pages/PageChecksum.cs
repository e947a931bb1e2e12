using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Lifeboat.Postgres.Format.Pages;

/// <summary>
/// PostgreSQL's checksum of a page (facts of checksum_impl.h): 32 running FNV-1a hashes over the columns of the page
/// seen as rows of 32 words, with a shift mixed in; two more rounds with zero; all xored together, the block number
/// too, and reduced to 1..65535. The checksum's own field counts as zero.
/// </summary>
public static class PageChecksum
{
    private const int Lanes = 32;
    private const int RowBytes = Lanes * sizeof(uint);
    private const uint Prime = 16777619;
    private const int ChecksumWord = PageHeader.ChecksumOffset / sizeof(uint);
    private const uint WithoutChecksum = 0xFFFF0000;

    private static ReadOnlySpan<uint> Basis =>
    [
        0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
        0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
        0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
        0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
    ];

    /// <param name="page">A whole page, 1 to 32 KiB.</param>
    /// <param name="blockNumber">Its number in the fork: segment * RelSegSize + block in the segment.</param>
    /// <returns>What <c>pd_checksum</c> must be, never zero.</returns>
    public static ushort Compute(ReadOnlySpan<byte> page, uint blockNumber)
    {
        Check(page);
        var vectors = Vector256.IsHardwareAccelerated && BitConverter.IsLittleEndian;
        return Reduce(vectors ? HashVectors(page) : HashWords(page), blockNumber);
    }

    /// <summary>The same, one word after the other: the fallback, and what the vectors are tested against.</summary>
    internal static ushort ComputeScalar(ReadOnlySpan<byte> page, uint blockNumber)
    {
        Check(page);
        return Reduce(HashWords(page), blockNumber);
    }

    /// <summary>
    /// Judges a page of a cluster with data checksums. Whether a mismatch is a torn read is told by reading again.
    /// </summary>
    public static PageVerdict Judge(ReadOnlySpan<byte> page, uint blockNumberInRelation)
    {
        var header = PageHeader.Read(page);
        if (header.IsNew)
        {
            return JudgeNew(page);
        }

        if (header.Checksum != Compute(page, blockNumberInRelation))
        {
            return PageVerdict.ChecksumMismatch;
        }

        return header.IsPlausible(page.Length) ? PageVerdict.Valid : PageVerdict.ImplausibleHeader;
    }

    /// <summary>Judges a page of a cluster without data checksums: only the header can tell anything.</summary>
    public static PageVerdict JudgeHeader(ReadOnlySpan<byte> page)
    {
        var header = PageHeader.Read(page);
        if (header.IsNew)
        {
            return JudgeNew(page);
        }

        return header.IsPlausible(page.Length) ? PageVerdict.Valid : PageVerdict.ImplausibleHeader;
    }

    private static PageVerdict JudgeNew(ReadOnlySpan<byte> page) =>
        page.ContainsAnyExcept((byte)0) ? PageVerdict.NewButNotZero : PageVerdict.New;

    private static void Check(ReadOnlySpan<byte> page)
    {
        if (page.Length is < 1 << 10 or > 32 << 10 || !BitOperations.IsPow2(page.Length))
        {
            throw new ArgumentException("a page has a power of two of bytes from 1 to 32 KiB", nameof(page));
        }
    }

    private static ushort Reduce(uint hash, uint blockNumber) => (ushort)(((hash ^ blockNumber) % ushort.MaxValue) + 1);

    private static uint HashWords(ReadOnlySpan<byte> page)
    {
        Span<uint> sums = stackalloc uint[Lanes];
        Basis.CopyTo(sums);
        for (var row = 0; row < page.Length; row += RowBytes)
        {
            for (var lane = 0; lane < Lanes; lane++)
            {
                var word = BinaryPrimitives.ReadUInt32LittleEndian(page[(row + (lane * sizeof(uint)))..]);
                sums[lane] = Round(sums[lane], row == 0 && lane == ChecksumWord ? word & WithoutChecksum : word);
            }
        }

        var result = 0u;
        foreach (var sum in sums)
        {
            result ^= Round(Round(sum, 0), 0);
        }

        return result;
    }

    private static uint Round(uint sum, uint word)
    {
        var mixed = sum ^ word;
        return (mixed * Prime) ^ (mixed >> 17);
    }

    // A backup reads a gigabyte before the tiers of the compiler would have settled.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint HashVectors(ReadOnlySpan<byte> page)
    {
        ref var basis = ref MemoryMarshal.GetReference(Basis);
        var a = Vector256.LoadUnsafe(ref basis);
        var b = Vector256.LoadUnsafe(ref basis, 8);
        var c = Vector256.LoadUnsafe(ref basis, 16);
        var d = Vector256.LoadUnsafe(ref basis, 24);

        var words = MemoryMarshal.Cast<byte, uint>(page);
        ref var row = ref MemoryMarshal.GetReference(words);
        var withoutChecksum = Vector256<uint>.AllBitsSet.WithElement(ChecksumWord, WithoutChecksum);
        a = Round(a, Vector256.LoadUnsafe(ref row) & withoutChecksum);
        b = Round(b, Vector256.LoadUnsafe(ref row, 8));
        c = Round(c, Vector256.LoadUnsafe(ref row, 16));
        d = Round(d, Vector256.LoadUnsafe(ref row, 24));
        for (nuint at = Lanes; at < (nuint)words.Length; at += Lanes)
        {
            a = Round(a, Vector256.LoadUnsafe(ref row, at));
            b = Round(b, Vector256.LoadUnsafe(ref row, at + 8));
            c = Round(c, Vector256.LoadUnsafe(ref row, at + 16));
            d = Round(d, Vector256.LoadUnsafe(ref row, at + 24));
        }

        var zero = Vector256<uint>.Zero;
        var folded = Round(Round(a, zero), zero) ^ Round(Round(b, zero), zero)
            ^ Round(Round(c, zero), zero) ^ Round(Round(d, zero), zero);
        var result = 0u;
        for (var lane = 0; lane < Vector256<uint>.Count; lane++)
        {
            result ^= folded[lane];
        }

        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Round(Vector256<uint> sum, Vector256<uint> words)
    {
        var mixed = sum ^ words;
        return (mixed * Vector256.Create(Prime)) ^ (mixed >>> 17);
    }
}
