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

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_compressCCtx(
        nint context, byte* target, nuint capacity, byte* source, nuint size, int level);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_decompressDCtx(
        nint context, byte* target, nuint capacity, byte* source, nuint size);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_compressBound(nuint size);

    [LibraryImport(Library)]
    internal static partial uint ZSTD_isError(nuint code);
}
