namespace Lifeboat.Repository.Frames;

/// <summary>One reused zstd context in each direction. Used by one thread at a time.</summary>
/// <param name="tuning">What differs from the level's own parameters, by zstd's numbers; empty for nothing.</param>
internal sealed unsafe class Compressor(int level, params (int Parameter, int Value)[] tuning) : IDisposable
{
    private const int CompressionLevel = 100;
    private const int HashLog = 102;
    private const int MinMatch = 105;
    private const int TargetLength = 106;

    private nint _compress;
    private nint _decompress;

    /// <summary>
    /// For WAL. At level 1 in a way of its own: records repeat each other in short pieces, so that matches from 5 bytes on find
    /// more; the smaller table stays in the first-level cache, and skipping faster where nothing matches costs little. A fifth
    /// faster in both directions, 4 % more bytes (docs/PERFORMANCE.md).
    /// </summary>
    internal static Compressor OfWal(int level) =>
        level == 1 ? new Compressor(level, (MinMatch, 5), (HashLog, 13), (TargetLength, 1)) : new Compressor(level);

    internal static int Bound(int length) => checked((int)Zstd.ZSTD_compressBound((nuint)length));

    /// <summary>Compresses; returns the bytes written, or 0 when that would not be smaller than the source.</summary>
    internal int Compress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (_compress == 0)
        {
            _compress = Zstd.ZSTD_createCCtx();
            OutOfMemory.ThrowIfNull(_compress);
            Set(CompressionLevel, level);
            foreach (var (parameter, value) in tuning)
            {
                Set(parameter, value);
            }
        }

        fixed (byte* from = source, to = target)
        {
            var size = Zstd.ZSTD_compress2(_compress, to, (nuint)target.Length, from, (nuint)source.Length);
            return Zstd.ZSTD_isError(size) != 0 || (int)size >= source.Length ? 0 : (int)size;
        }
    }

    /// <summary>Whether the source is a zstd frame that yields exactly as many bytes as the target holds.</summary>
    internal bool Decompress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (_decompress == 0)
        {
            _decompress = Zstd.ZSTD_createDCtx();
            OutOfMemory.ThrowIfNull(_decompress);
        }

        fixed (byte* from = source, to = target)
        {
            var size = Zstd.ZSTD_decompressDCtx(_decompress, to, (nuint)target.Length, from, (nuint)source.Length);
            return Zstd.ZSTD_isError(size) == 0 && (int)size == target.Length;
        }
    }

    public void Dispose()
    {
        if (_compress != 0)
        {
            _ = Zstd.ZSTD_freeCCtx(_compress);
            _compress = 0;
        }

        if (_decompress != 0)
        {
            _ = Zstd.ZSTD_freeDCtx(_decompress);
            _decompress = 0;
        }
    }

    private void Set(int parameter, int value)
    {
        if (Zstd.ZSTD_isError(Zstd.ZSTD_CCtx_setParameter(_compress, parameter, value)) != 0)
        {
            throw new InvalidOperationException($"libzstd does not take {value} for its parameter {parameter}");
        }
    }

    private static class OutOfMemory
    {
        internal static void ThrowIfNull(nint context)
        {
            if (context == 0)
            {
                throw new InvalidOperationException("libzstd could not create a context: out of memory");
            }
        }
    }
}
