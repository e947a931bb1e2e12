using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Collect;

/// <summary>Where a frame stays, as far as is known.</summary>
/// <param name="Holder">The holder's place; below 0 when no pack was met that holds the frame.</param>
/// <param name="Length">Stored bytes.</param>
/// <param name="IsBeingReplaced">Whether a pack that others may not see yet holds it too.</param>
internal readonly record struct FrameHome(int Holder, int Length, bool IsBeingReplaced)
{
    internal static readonly FrameHome None = new(-1, 0, false);
}

/// <summary>
/// The homes of frames by their ids. 10 TB are ten million frames and more, so that each has 24 bytes here and little slack: many small
/// tables grow by a quarter each, one at a time.
/// </summary>
internal sealed class FrameTable
{
    private const int Shards = 256;
    private const int Least = 8;

    private readonly Shard[] _shards = [.. Enumerable.Range(0, Shards).Select(_ => new Shard())];

    internal long Count => _shards.Sum(shard => (long)shard.Count);

    /// <summary>Places for frames, taken and free.</summary>
    internal long Room => _shards.Sum(shard => (long)shard.Room);

    /// <summary>Adds a frame without a home; false when it is there.</summary>
    internal bool TryAdd(Id128 frame) => ShardOf(frame, out var hash).TryAdd(frame, hash);

    /// <summary>False when the frame is not there.</summary>
    internal bool TryGet(Id128 frame, out FrameHome home) => ShardOf(frame, out var hash).TryGet(frame, hash, out home);

    /// <param name="frame">One that is there.</param>
    internal void Set(Id128 frame, FrameHome home) => ShardOf(frame, out var hash).Set(frame, hash, home);

    internal IEnumerable<(Id128 Frame, FrameHome Home)> All() => _shards.SelectMany(shard => shard.All());

    private Shard ShardOf(Id128 frame, out uint hash)
    {
        var mixed = Mix(frame);
        hash = (uint)(mixed >> 32);
        return _shards[(int)(mixed >> 24 & (Shards - 1))];
    }

    /// <summary>Ids are HMACs, but what a map says they are need not be.</summary>
    private static ulong Mix(Id128 frame) =>
        unchecked((frame.High ^ (frame.Low * 0x9E3779B97F4A7C15)) * 0xC2B2AE3D27D4EB4F);

    /// <summary>One of the tables: open addressing, the next free place behind the hash's.</summary>
    private sealed class Shard
    {
        private Id128[] _frames = [];
        private (int Holder, int Length)[] _homes = [];

        internal int Count { get; private set; }

        internal int Room => _frames.Length;

        internal bool TryAdd(Id128 frame, uint hash)
        {
            if (Count >= _frames.Length - (_frames.Length / 7) - 1)
            {
                Grow();
            }

            var at = Find(frame, hash);
            if (_homes[at].Holder != 0)
            {
                return false;
            }

            Put(at, frame, FrameHome.None);
            Count++;
            return true;
        }

        internal bool TryGet(Id128 frame, uint hash, out FrameHome home)
        {
            if (Count == 0 || Find(frame, hash) is var at && _homes[at].Holder == 0)
            {
                home = default;
                return false;
            }

            home = HomeAt(at);
            return true;
        }

        internal void Set(Id128 frame, uint hash, FrameHome home) => Put(Find(frame, hash), frame, home);

        internal IEnumerable<(Id128 Frame, FrameHome Home)> All()
        {
            for (var at = 0; at < _frames.Length; at++)
            {
                if (_homes[at].Holder != 0)
                {
                    yield return (_frames[at], HomeAt(at));
                }
            }
        }

        /// <summary>The frame's place, or the free one where it belongs.</summary>
        private int Find(Id128 frame, uint hash)
        {
            var at = (int)((ulong)hash * (uint)_frames.Length >> 32);
            while (_homes[at].Holder != 0 && _frames[at] != frame)
            {
                at = at + 1 == _frames.Length ? 0 : at + 1;
            }

            return at;
        }

        private void Grow()
        {
            var (frames, homes) = (_frames, _homes);
            var size = Math.Max(Least, frames.Length + (frames.Length / 4));
            (_frames, _homes) = (new Id128[size], new (int Holder, int Length)[size]);
            for (var at = 0; at < frames.Length; at++)
            {
                if (homes[at].Holder != 0)
                {
                    var place = Find(frames[at], (uint)(Mix(frames[at]) >> 32));
                    (_frames[place], _homes[place]) = (frames[at], homes[at]);
                }
            }
        }

        /// <summary>A free place holds 0; so places are counted from 2, none is 1, and what is being replaced is negative.</summary>
        private void Put(int at, Id128 frame, FrameHome home)
        {
            var holder = home.Holder + 2;
            (_frames[at], _homes[at]) = (frame, (home.IsBeingReplaced ? -holder : holder, home.Length));
        }

        private FrameHome HomeAt(int at)
        {
            var (holder, length) = _homes[at];
            return new FrameHome(Math.Abs(holder) - 2, length, holder < 0);
        }
    }
}
