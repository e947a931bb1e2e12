using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Lifeboat.Repository.Keys;

/// <summary>
/// HMAC-SHA-256 (RFC 2104, FIPS 180-4) of 16 messages of one length side by side, one in each lane of a vector. Pages are
/// many and alike, and this is three to four times as fast as one after the other by the processor's SHA instructions.
/// Immutable and shared.
/// </summary>
internal sealed unsafe class ParallelHmac
{
    /// <summary>Messages at once.</summary>
    internal const int Lanes = 16;

    /// <summary>A message's length is a multiple of this, bytes.</summary>
    internal const int BlockSize = 64;

    private const int StateWords = 8;
    private const int BlockWords = 16;
    private const int MacWords = 4;
    private const uint EndMark = 0x80000000;

    private readonly uint[] _inner = new uint[StateWords];
    private readonly uint[] _outer = new uint[StateWords];

    /// <param name="key">At most 64 bytes: a longer one would have to be hashed first.</param>
    internal ParallelHmac(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, BlockSize);
        Span<byte> block = stackalloc byte[BlockSize];
        FirstState(key, 0x36, block, _inner);
        FirstState(key, 0x5C, block, _outer);
    }

    internal static bool IsSupported => Avx512BW.IsSupported;

    /// <summary>The first 16 bytes of the HMAC of each message.</summary>
    /// <param name="messages">All of them, one behind the other.</param>
    /// <param name="length">Bytes of one, a multiple of <see cref="BlockSize"/>.</param>
    /// <param name="macs">Where the first goes; the next follow at every <paramref name="stride"/> bytes.</param>
    internal void Compute(ReadOnlySpan<byte> messages, int length, Span<byte> macs, int stride)
    {
        if (messages.Length != length * Lanes || length % BlockSize != 0)
        {
            throw new ArgumentException($"there must be {Lanes} messages of whole blocks", nameof(messages));
        }

        var state = stackalloc Vector512<uint>[StateWords];
        var words = stackalloc Vector512<uint>[BlockWords];
        Spread(_inner, state);
        fixed (byte* start = messages)
        {
            for (var at = 0; at < length; at += BlockSize)
            {
                Sha256Lanes.Load(start + at, length, words);
                Sha256Lanes.Compress(state, words);
            }
        }

        Pad(words, from: 0, messageLength: BlockSize + length);
        Sha256Lanes.Compress(state, words);

        new Span<Vector512<uint>>(state, StateWords).CopyTo(new Span<Vector512<uint>>(words, BlockWords));
        Pad(words, from: StateWords, messageLength: BlockSize + (StateWords * sizeof(uint)));
        Spread(_outer, state);
        Sha256Lanes.Compress(state, words);
        for (var lane = 0; lane < Lanes; lane++)
        {
            for (var word = 0; word < MacWords; word++)
            {
                BinaryPrimitives.WriteUInt32BigEndian(
                    macs[((lane * stride) + (word * sizeof(uint)))..], ((uint*)(state + word))[lane]);
            }
        }
    }

    private static void FirstState(ReadOnlySpan<byte> key, byte pad, Span<byte> block, uint[] result)
    {
        if (!IsSupported)
        {
            return;
        }

        block.Fill(pad);
        for (var at = 0; at < key.Length; at++)
        {
            block[at] ^= key[at];
        }

        var state = stackalloc Vector512<uint>[StateWords];
        var words = stackalloc Vector512<uint>[BlockWords];
        Spread(Sha256Lanes.Initial, state);
        for (var word = 0; word < BlockWords; word++)
        {
            words[word] = Vector512.Create(BinaryPrimitives.ReadUInt32BigEndian(block[(word * sizeof(uint))..]));
        }

        Sha256Lanes.Compress(state, words);
        for (var word = 0; word < StateWords; word++)
        {
            result[word] = state[word].ToScalar();
        }

        block.Clear();
    }

    private static void Spread(ReadOnlySpan<uint> source, Vector512<uint>* state)
    {
        for (var word = 0; word < StateWords; word++)
        {
            state[word] = Vector512.Create(source[word]);
        }
    }

    /// <summary>End mark and length of a message, in every lane.</summary>
    private static void Pad(Vector512<uint>* words, int from, int messageLength)
    {
        words[from] = Vector512.Create(EndMark);
        for (var word = from + 1; word < BlockWords - 1; word++)
        {
            words[word] = Vector512<uint>.Zero;
        }

        words[BlockWords - 1] = Vector512.Create((uint)messageLength * 8);
    }
}
