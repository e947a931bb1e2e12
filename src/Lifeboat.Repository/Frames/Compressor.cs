namespace Lifeboat.Repository.Frames;

/// <summary>One reused zstd context in each direction. Used by one thread at a time.</summary>
internal sealed unsafe class Compressor(int level) : IDisposable
{
    private nint _compress;
    private nint _decompress;

    internal static int Bound(int length) => checked((int)Zstd.ZSTD_compressBound((nuint)length));

    /// <summary>Compresses; returns the bytes written, or 0 when that would not be smaller than the source.</summary>
    internal int Compress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (_compress == 0)
        {
            _compress = Zstd.ZSTD_createCCtx();
            OutOfMemory.ThrowIfNull(_compress);
        }

        fixed (byte* from = source, to = target)
        {
            var size = Zstd.ZSTD_compressCCtx(_compress, to, (nuint)target.Length, from, (nuint)source.Length, level);
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
