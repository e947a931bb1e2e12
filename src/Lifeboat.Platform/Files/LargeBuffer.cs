namespace Lifeboat.Platform.Files;

/// <summary>Buffers of many MiB that are filled at once.</summary>
public static class LargeBuffer
{
    private const int HugePage = 2 << 20;
    private const int LeastKept = 1 << 20;
    private const int MostKept = 4;

    private static readonly Lock s_lock = new();
    private static readonly List<byte[]> s_kept = [];
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE

    /// <summary>
    /// An array that is not cleared, in pages of 2 MiB where the kernel has them: touching 16 MiB in pages of 4 KiB is 4096
    /// faults, a tenth of the work of a program that handles one WAL segment.
    /// </summary>
    /// <param name="length">Bytes; all of them are to be overwritten before any is read.</param>
    public static unsafe byte[] Allocate(int length)
    {
        if (length >= LeastKept && TakeKept(length) is { } kept)
        {
            return kept;
        }

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

    /// <summary>
    /// Keeps a buffer for the next one of its length: a program that handles one segment after the other gets its memory
    /// from the kernel once. A few are kept, and small ones never.
    /// </summary>
    /// <param name="buffer">Nobody reads or writes it any more.</param>
    public static void Return(byte[] buffer)
    {
        lock (s_lock)
        {
            if (buffer.Length >= LeastKept && s_kept.Count < MostKept)
            {
                s_kept.Add(buffer);
            }
        }
    }

    private static byte[]? TakeKept(int length)
    {
        lock (s_lock)
        {
            var at = s_kept.FindIndex(buffer => buffer.Length == length);
            if (at < 0)
            {
                return null;
            }

            var buffer = s_kept[at];
            s_kept.RemoveAt(at);
            return buffer;
        }
    }
}
