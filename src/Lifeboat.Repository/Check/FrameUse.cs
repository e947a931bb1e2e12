using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Check;

/// <summary>
/// What the maps expect of the slots that they refer to, gathered before packs are read so that each frame is decoded
/// once. Memory: about 40 bytes for each distinct reference, and each judged path once.
/// </summary>
internal sealed class FrameUse
{
    private readonly Dictionary<Id128, HashSet<Expectation>> _expected = [];
    private readonly Dictionary<string, int> _pathNumbers = new(StringComparer.Ordinal);

    internal List<(string Path, ServerIdentity Server)> Paths { get; } = [];

    internal void Add(Id128 frame, Expectation expectation)
    {
        if (!_expected.TryGetValue(frame, out var all))
        {
            _expected[frame] = all = new HashSet<Expectation>(4);
        }

        all.Add(expectation);
    }

    internal IReadOnlyCollection<Expectation> Of(Id128 frame) =>
        _expected.TryGetValue(frame, out var all) ? all : [];

    /// <summary>The number of a path whose pages are to be judged.</summary>
    internal int Number(string path, ServerIdentity server)
    {
        var key = $"{server.SystemIdentifier}/{server.BlockSize}/{path}";
        if (!_pathNumbers.TryGetValue(key, out var number))
        {
            _pathNumbers[key] = number = Paths.Count;
            Paths.Add((path, server));
        }

        return number;
    }
}

/// <summary>One use of a slot as an extent.</summary>
/// <param name="Crcs">CRC-32C over the CRCs in the entry's tags; MACs are vouched for by the extent's id.</param>
/// <param name="Path">Number of the path whose pages are to be judged; -1 when they are not.</param>
/// <param name="Extent">The extent's number in that file.</param>
internal readonly record struct Expectation(int Slot, uint Crcs, int Path, int Extent);
