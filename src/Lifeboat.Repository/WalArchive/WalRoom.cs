using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// Buffers and zstd's contexts of one <see cref="WalWorker"/>. A few that were used are kept: a service that handles one
/// segment after the other gets its memory from the kernel once.
/// </summary>
internal sealed class WalRoom
{
    private const int MostKept = 4;

    private static readonly Lock s_lock = new();
    private static readonly List<WalRoom> s_kept = [];

    private readonly int _level;

    private WalRoom(int level)
    {
        _level = level;
        Compressor = Compressor.OfWal(level);
    }

    internal Compressor Compressor { get; }

    /// <summary>Room for one frame in its packed form.</summary>
    internal byte[] Packed { get; } =
        GC.AllocateUninitializedArray<byte>(FrameSealer.Bound(ContainerLimits.BodyPlaintext));

    /// <summary>Room for one frame's plaintext.</summary>
    internal byte[] Plain { get; } = GC.AllocateUninitializedArray<byte>(ContainerLimits.BodyPlaintext);

    /// <param name="level">Of zstd.</param>
    internal static WalRoom Take(int level)
    {
        lock (s_lock)
        {
            var at = s_kept.FindLastIndex(room => room._level == level);
            if (at >= 0)
            {
                var kept = s_kept[at];
                s_kept.RemoveAt(at);
                return kept;
            }
        }

        return new WalRoom(level);
    }

    /// <summary>Gives it back; the caller uses it no more.</summary>
    internal void Return()
    {
        lock (s_lock)
        {
            if (s_kept.Count < MostKept)
            {
                s_kept.Add(this);
                return;
            }
        }

        Compressor.Dispose();
    }
}
