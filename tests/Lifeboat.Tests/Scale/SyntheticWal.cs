using Lifeboat.Postgres.Format;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;

namespace Lifeboat.Tests.Scale;

/// <summary>
/// A WAL archive of any size that holds nothing: segments of timeline 1 that came one after the other at a steady rate, and a
/// catalog of each 256. Names, sizes, dates and facts are made when they are asked for; what was deleted stays away.
/// </summary>
internal sealed class SyntheticWal(Cluster cluster, TimeProvider time, TimeSpan interval)
{
    internal const int SegmentSize = 16 << 20;

    private const int StoredSize = 5 << 20;
    private const int CatalogSize = 400 << 10;
    private const int ContentFrames = 16;
    private const int Kept = 64;

    private static readonly WalSegmentSize Size = new(SegmentSize);

    private readonly DateTimeOffset _begin = time.GetUtcNow();
    private readonly string _wal = $"{ObjectNames.Wal(cluster.Name, cluster.FirstLineage)}00000001/";
    private readonly string _catalogs = $"{ObjectNames.WalCatalogs(cluster.Name, cluster.FirstLineage)}00000001/";
    private readonly HashSet<ulong> _gone = [];
    private readonly HashSet<ulong> _goneCatalogs = [];
    private readonly Queue<(ObjectName Name, HollowContainer Content)> _made = [];
    private ulong _first = 1;

    /// <summary>The newest segment.</summary>
    internal ulong Last => 1 + (ulong)((time.GetUtcNow() - _begin) / interval);

    internal static Lsn StartOf(ulong number) => new((number * SegmentSize) + 0x28);

    /// <summary>Where a backup ends and with it the segment, so that no content is read to tell from when it counts.</summary>
    internal static Lsn StopOf(ulong number) => new((number * SegmentSize) + 0x1000);

    internal bool Owns(string name) =>
        name.StartsWith(_wal, StringComparison.Ordinal) || name.StartsWith(_catalogs, StringComparison.Ordinal);

    internal ObjectFacts? Stat(ObjectName name) => !Owns(name.Value) ? null
        : name.Value[1..].StartsWith(_catalogs[1..], StringComparison.Ordinal)
            ? CatalogAt(NumberOf(name) / WalCatalog.Segments) is { } catalog && catalog.Name == name ? catalog : null
            : SegmentAt(NumberOf(name)) is { } segment && segment.Name == name ? segment : null;

    internal void Delete(ObjectName name)
    {
        if (!Owns(name.Value))
        {
            return;
        }

        if (name.Value.StartsWith(_catalogs, StringComparison.Ordinal))
        {
            _goneCatalogs.Add(NumberOf(name) / WalCatalog.Segments);
            return;
        }

        _gone.Add(NumberOf(name));
        while (_gone.Remove(_first))
        {
            _first++;
        }
    }

    /// <summary>Ordered by name.</summary>
    internal IEnumerable<ObjectFacts> List(string prefix)
    {
        if (Meets(prefix, _catalogs))
        {
            for (var group = _first / WalCatalog.Segments; (group + 1) * WalCatalog.Segments <= Last; group++)
            {
                if (CatalogAt(group) is { } facts && facts.Name.Value.StartsWith(prefix, StringComparison.Ordinal))
                {
                    yield return facts;
                }
            }
        }

        if (!Meets(prefix, _wal))
        {
            yield break;
        }

        // A prefix within the folder tells in which stretch to look: 8 digits of a log of 256 segments.
        var digits = prefix.Length > _wal.Length ? prefix[_wal.Length..].Split('/')[0] : "";
        var from = Convert.ToUInt64(digits.PadRight(8, '0'), 16) * 256;
        var to = (Convert.ToUInt64(digits.PadRight(8, 'F'), 16) * 256) + 255;
        for (var number = Math.Max(from, _first); number <= Math.Min(to, Last); number++)
        {
            if (SegmentAt(number) is { } facts && facts.Name.Value.StartsWith(prefix, StringComparison.Ordinal))
            {
                yield return facts;
            }
        }
    }

    internal ValueTask<int> ReadAsync(ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var made = _made.FirstOrDefault(item => item.Name == name).Content;
        if (made is null)
        {
            if (Stat(name) is null)
            {
                throw new ObjectNotFoundException(name, "hollow:");
            }

            made = name.Value.StartsWith(_catalogs, StringComparison.Ordinal) ? Catalog(name) : Segment(name);
            _made.Enqueue((name, made));
            if (_made.Count > Kept)
            {
                _made.Dequeue();
            }
        }

        return new(made.Read(offset, buffer.Span));
    }

    private static bool Meets(string prefix, string folder) =>
        prefix.StartsWith(folder, StringComparison.Ordinal) || folder.StartsWith(prefix, StringComparison.Ordinal);

    private static Id128 TagOf(ulong number) => new(number * 0x9E3779B97F4A7C15, number);

    private static string FileOf(ulong number) => new WalSegmentName(Timeline.First, number, Size).ToString();

    private static ulong NumberOf(ObjectName name)
    {
        var part = name.LastPart;
        return (Convert.ToUInt64(part[8..16], 16) * 256) + Convert.ToUInt64(part[16..24], 16);
    }

    private DateTimeOffset DateOf(ulong number) => _begin + ((number - 1) * interval);

    private ObjectFacts? SegmentAt(ulong number)
    {
        if (number < _first || number > Last || _gone.Contains(number))
        {
            return null;
        }

        var file = FileOf(number);
        return new ObjectFacts(new ObjectName($"{_wal}{file[8..16]}/{file}-{TagOf(number)}"), StoredSize, DateOf(number));
    }

    private ObjectFacts? CatalogAt(ulong group) =>
        group * WalCatalog.Segments < _first || (group + 1) * WalCatalog.Segments > Last || _goneCatalogs.Contains(group) ? null
        : new ObjectFacts(
            new ObjectName($"{_catalogs}{FileOf(group * WalCatalog.Segments)}-{TagOf(group << 32)}"),
            CatalogSize,
            DateOf((group + 1) * WalCatalog.Segments));

    private HollowContainer Segment(ObjectName name)
    {
        var annex = new ByteSink();
        new WalFrames(ContentFrames, 0).Write(annex);
        return HollowContainer.Of(
            cluster,
            name,
            ContainerKind.Wal,
            time.GetUtcNow(),
            [
                .. Enumerable.Repeat(new HollowFrame(StoredSize / ContentFrames, null), ContentFrames),
                new HollowFrame(0, WalFactsForm.Instance.ToBytes(FactsOf(NumberOf(name)))),
            ],
            annex.Span,
            StoredSize);
    }

    private HollowContainer Catalog(ObjectName name)
    {
        var facts = new ByteSink();
        facts.Varint(WalCatalog.Segments);
        for (var number = NumberOf(name); number % WalCatalog.Segments != 0 || number == NumberOf(name); number++)
        {
            var entry = FactsOf(number);
            entry.Tag.Write(facts.Append(Id128.Size));
            var json = WalFactsForm.Instance.ToBytes(entry);
            facts.Varint(json.Length);
            facts.Bytes(json);
        }

        var annex = new ByteSink();
        annex.Varint(1);
        annex.Varint(1);
        return HollowContainer.Of(
            cluster,
            name,
            ContainerKind.WalCatalog,
            time.GetUtcNow(),
            [new HollowFrame(0, facts.Span.ToArray()), new HollowFrame(CatalogSize / 2, null)],
            annex.Span,
            CatalogSize);
    }

    private WalFacts FactsOf(ulong number)
    {
        var (begin, date) = (number * SegmentSize, DateOf(number));
        return new WalFacts(FileOf(number), SegmentSize, TagOf(number), TagOf(number - 1), new WalSegmentSummary(
            WalSegmentSummary.NewestFormat,
            new Lsn(begin + 0x28),
            StopOf(number),
            StopOf(number),
            1000,
            date - interval,
            date,
            date,
            date,
            1,
            1000,
            [],
            Continues: false,
            Unreadable: null));
    }
}
