using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// For each frame that is needed, its home: of the packs that hold it the newest that is not condemned, but one that others may
/// not see yet only when there is no other. A pack that is nobody's home can go. Since a frame's other packs only ever go in
/// favour of a newer one that no list names, two collections that see different things never take its last place
/// (docs/decisions/0036). Of frames whose packs are all condemned each of them is needed.
/// </summary>
/// <param name="isCondemned">Whether a list names the pack.</param>
/// <param name="isSettled">Whether the pack has been there for so long that whoever reads knows it.</param>
/// <remarks>Some 30 bytes for each frame. Used under one lock.</remarks>
internal sealed class FrameHomes(Func<Id128, bool> isCondemned, Func<Id128, bool> isSettled)
{
    private readonly FrameTable _frames = new();
    private readonly Dictionary<Id128, int> _places = [];
    private readonly List<Holder> _holders = [];
    private readonly List<(Id128 Frame, int Holder)> _condemnedTwins = [];

    private enum Rank
    {
        Condemned,
        New,
        Settled,
    }

    /// <summary>Frames that were met nowhere yet.</summary>
    internal int Missing { get; private set; }

    /// <summary>A map names the frame.</summary>
    internal void Expect(Id128 frame)
    {
        if (_frames.TryAdd(frame))
        {
            Missing++;
        }
    }

    /// <summary>A pack holds the frame; returns whether that is needed.</summary>
    /// <param name="length">Stored bytes.</param>
    /// <param name="createdUs">Of the pack.</param>
    internal bool Meet(Id128 frame, int length, Id128 pack, long createdUs)
    {
        if (!_frames.TryGet(frame, out var home))
        {
            return false;
        }

        var place = PlaceOf(pack, createdUs);
        if (home.Holder == place)
        {
            return true;
        }

        if (home.Holder < 0)
        {
            Missing--;
        }
        else
        {
            var isBetter = Compare(_holders[place], _holders[home.Holder]) > 0;
            var (kept, left) = isBetter ? (place, home.Holder) : (home.Holder, place);
            if (_holders[kept].Rank == Rank.Condemned)
            {
                _condemnedTwins.Add((frame, left));
            }

            home = home with { IsBeingReplaced = home.IsBeingReplaced || _holders[left].Rank == Rank.New };
            if (!isBetter)
            {
                _frames.Set(frame, home);
                return true;
            }

            _holders[left].Take(-1, -home.Length);
        }

        _frames.Set(frame, home with { Holder = place, Length = length });
        _holders[place].Take(1, length);
        return true;
    }

    /// <summary>The pack in which the frame stays; null when no pack was met that holds it.</summary>
    internal Id128? HomeOf(Id128 frame) =>
        _frames.TryGet(frame, out var home) && home.Holder >= 0 ? _holders[home.Holder].Pack : null;

    /// <summary>Packs that must stay, as far as has been met.</summary>
    internal HashSet<Id128> Needed() =>
    [
        .. _holders.Where(holder => holder.Frames > 0).Select(holder => holder.Pack),
        .. _condemnedTwins.Where(twin => _frames.TryGet(twin.Frame, out var home) && _holders[home.Holder].Rank == Rank.Condemned)
            .Select(twin => _holders[twin.Holder].Pack),
    ];

    /// <summary>
    /// Packs that are needed, and nobody is about to make needless, with the stored bytes of the frames that they are home of.
    /// </summary>
    internal IEnumerable<(Id128 Pack, long Live)> Staying()
    {
        var replaced = _frames.All().Where(frame => frame.Home.IsBeingReplaced).Select(frame => frame.Home.Holder).ToHashSet();
        return _holders.Index()
            .Where(holder => holder.Item is { Frames: > 0, Rank: Rank.Settled } && !replaced.Contains(holder.Index))
            .Select(holder => (holder.Item.Pack, holder.Item.Bytes));
    }

    /// <summary>The frames that each of some packs is home of.</summary>
    internal ILookup<Id128, Id128> FramesOf(IReadOnlySet<Id128> packs) => _frames.All()
        .Where(frame => frame.Home.Holder >= 0 && packs.Contains(_holders[frame.Home.Holder].Pack))
        .ToLookup(frame => _holders[frame.Home.Holder].Pack, frame => frame.Frame);

    private int PlaceOf(Id128 pack, long createdUs)
    {
        if (!_places.TryGetValue(pack, out var place))
        {
            var rank = isCondemned(pack) ? Rank.Condemned : isSettled(pack) ? Rank.Settled : Rank.New;
            _places[pack] = place = _holders.Count;
            _holders.Add(new Holder(pack, rank, createdUs));
        }

        return place;
    }

    private static int Compare(Holder a, Holder b)
    {
        var order = a.Rank.CompareTo(b.Rank);
        order = order != 0 ? order : a.CreatedUs.CompareTo(b.CreatedUs);
        return order != 0 ? order : a.Pack.CompareTo(b.Pack);
    }

    private sealed class Holder(Id128 pack, Rank rank, long createdUs)
    {
        internal Id128 Pack => pack;

        internal Rank Rank => rank;

        internal long CreatedUs => createdUs;

        /// <summary>That it is home of.</summary>
        internal int Frames { get; private set; }

        /// <summary>Stored bytes of them.</summary>
        internal long Bytes { get; private set; }

        internal void Take(int frames, long bytes) => (Frames, Bytes) = (Frames + frames, Bytes + bytes);
    }
}
