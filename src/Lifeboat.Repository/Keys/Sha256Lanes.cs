using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Lifeboat.Repository.Keys;

/// <summary>The compression function of SHA-256 (FIPS 180-4, section 6.2.2) on 16 messages, one in each lane.</summary>
internal static unsafe class Sha256Lanes
{
    private const int BlockWords = 16;
    private const int Rounds = 64;

    // Truth tables of three inputs, for the processor's ternary instruction.
    private const byte Xor = 0x96;
    private const byte Choose = 0xCA;
    private const byte Majority = 0xE8;

    // Selectors of 128-bit parts: the even and the odd ones of both operands.
    private const byte Even = 0x88;
    private const byte Odd = 0xDD;

    internal static ReadOnlySpan<uint> Initial =>
    [
        0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
    ];

    private static ReadOnlySpan<uint> Constants =>
    [
        0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
        0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
        0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
        0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
        0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
        0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
        0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
        0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
    ];

    /// <summary>Takes one block of each message, turned so that a vector holds the same word of all.</summary>
    /// <param name="first">The block of the first message; those of the others follow at every <paramref name="stride"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Load(byte* first, int stride, Vector512<uint>* words)
    {
        // Within each 128-bit part: words are big-endian.
        var swap = Vector512.Create(Vector256.Create(Swap, Swap), Vector256.Create(Swap, Swap));
        var half = stackalloc Vector512<uint>[BlockWords];
        for (var row = 0; row < BlockWords; row += 4)
        {
            var block = first + ((long)row * stride);
            var a = Avx512BW.Shuffle(Vector512.Load(block), swap).AsUInt32();
            var b = Avx512BW.Shuffle(Vector512.Load(block + stride), swap).AsUInt32();
            var c = Avx512BW.Shuffle(Vector512.Load(block + (2L * stride)), swap).AsUInt32();
            var d = Avx512BW.Shuffle(Vector512.Load(block + (3L * stride)), swap).AsUInt32();
            var lowAb = Avx512F.UnpackLow(a, b).AsUInt64();
            var highAb = Avx512F.UnpackHigh(a, b).AsUInt64();
            var lowCd = Avx512F.UnpackLow(c, d).AsUInt64();
            var highCd = Avx512F.UnpackHigh(c, d).AsUInt64();
            half[row] = Avx512F.UnpackLow(lowAb, lowCd).AsUInt32();
            half[row + 1] = Avx512F.UnpackHigh(lowAb, lowCd).AsUInt32();
            half[row + 2] = Avx512F.UnpackLow(highAb, highCd).AsUInt32();
            half[row + 3] = Avx512F.UnpackHigh(highAb, highCd).AsUInt32();
        }

        for (var column = 0; column < 4; column++)
        {
            var evenAb = Avx512F.Shuffle4x128(half[column], half[column + 4], Even);
            var oddAb = Avx512F.Shuffle4x128(half[column], half[column + 4], Odd);
            var evenCd = Avx512F.Shuffle4x128(half[column + 8], half[column + 12], Even);
            var oddCd = Avx512F.Shuffle4x128(half[column + 8], half[column + 12], Odd);
            words[column] = Avx512F.Shuffle4x128(evenAb, evenCd, Even);
            words[column + 4] = Avx512F.Shuffle4x128(oddAb, oddCd, Even);
            words[column + 8] = Avx512F.Shuffle4x128(evenAb, evenCd, Odd);
            words[column + 12] = Avx512F.Shuffle4x128(oddAb, oddCd, Odd);
        }
    }

    /// <summary>Takes a block into the state. The words are used as scratch space.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Compress(Vector512<uint>* state, Vector512<uint>* words)
    {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3]);
        var (e, f, g, h) = (state[4], state[5], state[6], state[7]);
        fixed (uint* constants = Constants)
        {
            for (var round = 0; ; round += BlockWords)
            {
                var k = constants + round;
                for (var half = 0; half < BlockWords; half += 8)
                {
                    Round(a, b, c, ref d, e, f, g, ref h, words[half] + Vector512.Create(k[half]));
                    Round(h, a, b, ref c, d, e, f, ref g, words[half + 1] + Vector512.Create(k[half + 1]));
                    Round(g, h, a, ref b, c, d, e, ref f, words[half + 2] + Vector512.Create(k[half + 2]));
                    Round(f, g, h, ref a, b, c, d, ref e, words[half + 3] + Vector512.Create(k[half + 3]));
                    Round(e, f, g, ref h, a, b, c, ref d, words[half + 4] + Vector512.Create(k[half + 4]));
                    Round(d, e, f, ref g, h, a, b, ref c, words[half + 5] + Vector512.Create(k[half + 5]));
                    Round(c, d, e, ref f, g, h, a, ref b, words[half + 6] + Vector512.Create(k[half + 6]));
                    Round(b, c, d, ref e, f, g, h, ref a, words[half + 7] + Vector512.Create(k[half + 7]));
                }

                if (round == Rounds - BlockWords)
                {
                    break;
                }

                for (var word = 0; word < BlockWords; word++)
                {
                    words[word] += Small(words[(word + 1) & 15], 7, 18, 3) + words[(word + 9) & 15]
                        + Small(words[(word + 14) & 15], 17, 19, 10);
                }
            }
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    private static Vector128<byte> Swap => Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        Vector512<uint> a,
        Vector512<uint> b,
        Vector512<uint> c,
        ref Vector512<uint> d,
        Vector512<uint> e,
        Vector512<uint> f,
        Vector512<uint> g,
        ref Vector512<uint> h,
        Vector512<uint> word)
    {
        // The order of the sums keeps the chain from one round's a and e to the next one's at three steps; what is known
        // earlier is added first.
        var known = h + word;
        var chosen = Avx512F.TernaryLogic(e, f, g, Choose);
        var mixed = Large(e, 6, 11, 25);
        d = (d + known) + chosen + mixed;
        h = ((known + chosen) + mixed + Avx512F.TernaryLogic(a, b, c, Majority)) + Large(a, 2, 13, 22);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Large(
        Vector512<uint> x,
        [ConstantExpected] byte first,
        [ConstantExpected] byte second,
        [ConstantExpected] byte third) => Avx512F.TernaryLogic(
        Avx512F.RotateRight(x, first), Avx512F.RotateRight(x, second), Avx512F.RotateRight(x, third), Xor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Small(
        Vector512<uint> x,
        [ConstantExpected] byte first,
        [ConstantExpected] byte second,
        byte shift) => Avx512F.TernaryLogic(
        Avx512F.RotateRight(x, first), Avx512F.RotateRight(x, second), x >>> shift, Xor);
}
