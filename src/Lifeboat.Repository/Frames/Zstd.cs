using System.Runtime.InteropServices;

namespace Lifeboat.Repository.Frames;

/// <summary>The system's libzstd (RFC 8878), by its stable API.</summary>
internal static unsafe partial class Zstd
{
    private const string Library = "libzstd.so.1";

    [LibraryImport(Library)]
    internal static partial nint ZSTD_createCCtx();

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_freeCCtx(nint context);

    [LibraryImport(Library)]
    internal static partial nint ZSTD_createDCtx();

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_freeDCtx(nint context);

    /// <param name="parameter">A number of ZSTD_cParameter, part of the stable API since 1.4.0.</param>
    [LibraryImport(Library)]
    internal static partial nuint ZSTD_CCtx_setParameter(nint context, int parameter, int value);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_compress2(nint context, byte* target, nuint capacity, byte* source, nuint size);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_decompressDCtx(
        nint context, byte* target, nuint capacity, byte* source, nuint size);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_compressBound(nuint size);

    [LibraryImport(Library)]
    internal static partial uint ZSTD_isError(nuint code);
}
