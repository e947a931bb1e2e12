using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Lifeboat.Platform.Checksums;

/// <summary>
/// GHASH (NIST SP 800-38D) of additional data alone, which is what GMAC hides under a block of its cipher: for content that is
/// cut into pieces of a few KiB, where a library's call for each of them costs as much as a part of the work.
/// </summary>
/// <remarks>
/// Reckoned as POLYVAL (RFC 8452, appendix A), whose bits lie as carry-less multiplication has them: GHASH under H is the bytes
/// reversed of POLYVAL under x times the bytes reversed of H. Sixteen blocks are multiplied by sixteen powers and reduced once.
/// Never changes after it was made; may be used by several at the same time.
/// </remarks>
public sealed class Ghash
{
    public const int BlockSize = 16;

    private const int Together = 16;
    private const ulong Polynomial = 0xC200000000000000;

    private static readonly Vector128<byte> s_reversed =
        Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

    /// <summary>Powers of the key, the highest first, and for each the sum of its halves, for Karatsuba's middle product.</summary>
    private readonly Vector128<ulong>[] _powers = new Vector128<ulong>[Together];
    private readonly Vector128<ulong>[] _sums = new Vector128<ulong>[Together];

    /// <param name="key">H: the block of zeros under the cipher's key, 16 bytes.</param>
    public Ghash(ReadOnlySpan<byte> key)
    {
        if (!IsSupported)
        {
            throw new PlatformNotSupportedException("no carry-less multiplication of two at once");
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, BlockSize);
        var power = TimesX(Reverse(Vector128.Create(key)));
        for (var at = Together - 1; at >= 0; at--)
        {
            _powers[at] = power;
            _sums[at] = power ^ Swap(power);
            power = Multiply(power, _powers[Together - 1]);
        }
    }

    /// <summary>Whether this processor has what it takes.</summary>
    public static bool IsSupported => Pclmulqdq.V256.IsSupported && Avx2.IsSupported;

    /// <summary>The hash of data and its length, 16 bytes.</summary>
    public void Compute(ReadOnlySpan<byte> data, Span<byte> hash)
    {
        var lengths = Vector128.Create(0UL, (ulong)data.Length * 8);
        var sum = Vector128<ulong>.Zero;
        for (; data.Length >= Together * BlockSize; data = data[(Together * BlockSize)..])
        {
            sum = Append(sum, ref MemoryMarshal.GetReference(data));
        }

        for (; data.Length >= BlockSize; data = data[BlockSize..])
        {
            sum = Multiply(sum ^ Reverse(Vector128.Create(data)), _powers[Together - 1]);
        }

        if (data.Length > 0)
        {
            Span<byte> last = stackalloc byte[BlockSize];
            last.Clear();
            data.CopyTo(last);
            sum = Multiply(sum ^ Reverse(Vector128.Create<byte>(last)), _powers[Together - 1]);
        }

        sum = Multiply(sum ^ lengths, _powers[Together - 1]);
        Reverse(sum.AsByte()).AsByte().CopyTo(hash);
    }

    /// <summary>Sixteen blocks, in two lanes.</summary>
    private Vector128<ulong> Append(Vector128<ulong> sum, ref byte data)
    {
        var reversed = Vector256.Create(s_reversed, s_reversed);
        ref var powers = ref MemoryMarshal.GetArrayDataReference(_powers);
        ref var sums = ref MemoryMarshal.GetArrayDataReference(_sums);
        var low = Vector256<ulong>.Zero;
        var high = Vector256<ulong>.Zero;
        var middle = Vector256<ulong>.Zero;

        // The sum so far comes in last, so that its reduction is waited for while the others are multiplied.
        for (var at = Together - 2; at >= 0; at -= 2)
        {
            var blocks = Avx2.Shuffle(Vector256.LoadUnsafe(ref data, (nuint)(at * BlockSize)), reversed).AsUInt64();
            if (at == 0)
            {
                blocks ^= Vector256.Create(sum, Vector128<ulong>.Zero);
            }

            var power = Vector256.LoadUnsafe(ref Unsafe.As<Vector128<ulong>, ulong>(ref Unsafe.Add(ref powers, at)));
            var halves = Vector256.LoadUnsafe(ref Unsafe.As<Vector128<ulong>, ulong>(ref Unsafe.Add(ref sums, at)));
            low ^= Pclmulqdq.V256.CarrylessMultiply(blocks, power, 0x00);
            high ^= Pclmulqdq.V256.CarrylessMultiply(blocks, power, 0x11);
            middle ^= Pclmulqdq.V256.CarrylessMultiply(
                blocks ^ Avx2.Shuffle(blocks.AsUInt32(), 0x4E).AsUInt64(), halves, 0x00);
        }

        return Reduce(
            low.GetLower() ^ low.GetUpper(), high.GetLower() ^ high.GetUpper(), middle.GetLower() ^ middle.GetUpper());
    }

    /// <summary>The product of two, over x to the 128th.</summary>
    private static Vector128<ulong> Multiply(Vector128<ulong> a, Vector128<ulong> b) => Reduce(
        Pclmulqdq.CarrylessMultiply(a, b, 0x00),
        Pclmulqdq.CarrylessMultiply(a, b, 0x11),
        Pclmulqdq.CarrylessMultiply(a ^ Swap(a), b ^ Swap(b), 0x00));

    private static Vector128<ulong> Reduce(Vector128<ulong> low, Vector128<ulong> high, Vector128<ulong> middle)
    {
        middle ^= low ^ high;
        low ^= Sse2.ShiftLeftLogical128BitLane(middle, 8);
        high ^= Sse2.ShiftRightLogical128BitLane(middle, 8);

        // Twice: what makes the lower half zero is added, and the half shifted out.
        var polynomial = Vector128.CreateScalar(Polynomial);
        low = Swap(low) ^ Pclmulqdq.CarrylessMultiply(low, polynomial, 0x00);
        low = Swap(low) ^ Pclmulqdq.CarrylessMultiply(low, polynomial, 0x00);
        return low ^ high;
    }

    private static Vector128<ulong> TimesX(Vector128<ulong> value)
    {
        var (low, high) = (value[0], value[1]);
        var carry = high >> 63;
        return Vector128.Create((low << 1) ^ carry, ((high << 1) | (low >> 63)) ^ (carry * Polynomial));
    }

    private static Vector128<ulong> Reverse(Vector128<byte> block) => Ssse3.Shuffle(block, s_reversed).AsUInt64();

    private static Vector128<ulong> Swap(Vector128<ulong> value) => Sse2.Shuffle(value.AsUInt32(), 0x4E).AsUInt64();
}
