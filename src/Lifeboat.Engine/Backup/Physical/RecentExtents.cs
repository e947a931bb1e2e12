using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// Where the extents are that this backup stored last. The oldest half is forgotten when there are too many, so that memory
/// is bounded; what is stored again by that is stored twice and nothing else. Shared by all workers.
/// </summary>
/// <param name="most">Extents remembered at most; one takes some 90 bytes.</param>
internal sealed class RecentExtents(int most)
{
    /// <summary>128 GiB of distinct content, some 50 MB of memory.</summary>
    internal const int Usual = 1 << 19;

    private readonly Lock _lock = new();
    private Dictionary<Id128, (FrameReference Frame, int Slot)> _newer = [];
    private Dictionary<Id128, (FrameReference Frame, int Slot)> _older = [];

    internal (FrameReference Frame, int Slot)? Find(Id128 extent)
    {
        lock (_lock)
        {
            return _newer.TryGetValue(extent, out var found) || _older.TryGetValue(extent, out found) ? found : null;
        }
    }

    internal void Add(Id128 extent, (FrameReference Frame, int Slot) place)
    {
        lock (_lock)
        {
            if (_newer.Count >= most / 2)
            {
                (_older, _newer) = (_newer, []);
            }

            _newer.TryAdd(extent, place);
        }
    }
}
