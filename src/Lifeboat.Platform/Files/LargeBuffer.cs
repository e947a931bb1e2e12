namespace Lifeboat.Platform.Files;

/// <summary>Buffers of many MiB that are filled at once.</summary>
public static class LargeBuffer
{
    private const int HugePage = 2 << 20;
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE

    /// <summary>
    /// An array that is not cleared, in pages of 2 MiB where the kernel has them: touching 16 MiB in pages of 4 KiB is 4096
    /// faults, a tenth of the work of a program that handles one WAL segment.
    /// </summary>
    /// <param name="length">Bytes; all of them are to be overwritten before any is read.</param>
    public static unsafe byte[] Allocate(int length)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(length);
        if (length >= 2 * HugePage)
        {
            // The range belongs to the collector, and may be moved later: the advice changes how memory is provided, and
            // nothing else. A refusal is none of anybody's business.
            fixed (byte* first = buffer)
            {
                var begin = ((nint)first + HugePage - 1) & ~(nint)(HugePage - 1);
                var end = ((nint)first + length) & ~(nint)(HugePage - 1);
                _ = LibC.madvise((void*)begin, end - begin, AdviseHugePages);
            }
        }

        return buffer;
    }
}
