using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// WAL that goes: what old tombstones name, pieces of segments that are archived whole, and catalogs of nothing but expired
/// segments. Each object of WAL is its own root: without a tombstone it stays, whoever put it and whenever.
/// </summary>
internal sealed class WalCandidates(
    Cluster cluster,
    ClusterObjects objects,
    CollectionTimes times,
    BackupCandidates backups,
    IReadOnlySet<string> waiting)
{
    private const ulong CatalogSegments = 256;

    internal List<string> Doubts { get; } = [];

    internal Dictionary<string, CondemnedObject> Found { get; } = new(StringComparer.Ordinal);

    internal async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        foreach (var (lineage, items) in objects.Lineages)
        {
            try
            {
                await RunAsync(lineage, items, cancellationToken);
            }
            catch (DamagedObjectException damage)
            {
                Doubts.Add($"{damage.Name}: {damage.Detail}");
            }
        }
    }

    private async ValueTask RunAsync(
        Id128 lineage, List<(string[] Parts, ObjectFacts Facts)> items, CancellationToken cancellationToken)
    {
        if (!items.Exists(item => item.Parts[0] is "wal" or "pieces" or "catalogs"))
        {
            return;
        }

        var record = await LineageCatalog.TryReadAsync(cluster, lineage, cancellationToken)
            ?? throw new DamagedObjectException(
                ObjectNames.Lineage(cluster.Name, lineage), DamageKind.Missing, "there is WAL of this lineage");
        var size = new WalSegmentSize(record.SegmentSize);
        var expired = await ExpiredAsync(lineage, items, cancellationToken);
        var whole = items.Where(item => item.Parts[0] == "wal")
            .Select(item => WalObject.Parse(lineage, ObjectNames.Wal(cluster.Name, lineage), item.Facts))
            .OfType<WalObject>().ToLookup(item => item.File);
        foreach (var item in whole.SelectMany(group => group).Where(item => Goes(expired, item.File)))
        {
            Add(item.Name, item.Size, "the WAL has expired");
        }

        foreach (var (_, facts) in items.Where(item => item.Parts[0] == "catalogs"))
        {
            if (WalCatalogObject.Parse(lineage, ObjectNames.WalCatalogs(cluster.Name, lineage), facts) is { } catalog
                && WalSegmentName.TryParse(catalog.First, size, out var first)
                && expired.Without(first.Timeline, first.Number, first.Number + CatalogSegments - 1).All(
                    range => range.First > range.Last))
            {
                Add(facts.Name, facts.Size, "the WAL that it sums up has expired");
            }
        }

        foreach (var pieces in items.Where(item => item.Parts[0] == "pieces")
            .Select(item => WalPiece.Parse(cluster.Name, lineage, item.Facts) is { } piece ? (Piece: piece, item.Facts) : default)
            .Where(item => item.Piece is not null)
            .GroupBy(item => item.Piece.Name.Segment, StringComparer.Ordinal))
        {
            var gone = Goes(expired, pieces.Key);
            if (gone)
            {
                foreach (var (_, facts) in pieces)
                {
                    Add(facts.Name, facts.Size, "the WAL has expired");
                }

                continue;
            }

            var old = pieces.Where(item => times.IsOrphan(item.Facts)
                && !waiting.Contains(objects.RelativeName(item.Facts.Name))).ToList();
            if (old.Count == 0 || await WholeAsync([.. whole[pieces.Key]], cancellationToken) is not { } segment)
            {
                continue;
            }

            foreach (var (piece, facts) in old)
            {
                if (await IsPartAsync(piece, segment, cancellationToken))
                {
                    Add(facts.Name, facts.Size, "the segment is archived whole");
                }
            }
        }

        bool Goes(ExpiredWal all, string file) => all.Contains(file, size)
            && WalSegmentName.TryParse(file.AsSpan(0, WalSegmentName.Length), size, out var name)
            && !backups.NeedsWal(lineage, name.Timeline, name.Number);
    }

    /// <summary>What the tombstones name that are old by both clocks.</summary>
    private async ValueTask<ExpiredWal> ExpiredAsync(
        Id128 lineage, List<(string[] Parts, ObjectFacts Facts)> items, CancellationToken cancellationToken)
    {
        var ranges = new List<WalTombstoneRange>();
        foreach (var (_, facts) in items.Where(
            item => item.Parts is ["expired-wal", var id] && Id128.TryParse(id, out _)))
        {
            try
            {
                var record = await WalTombstones.ReadAsync(cluster, lineage, facts.Name, cancellationToken);
                if (times.Clock.IsOlder(facts.LastModified, record.ExpiredAt, times.Margins.Tombstones))
                {
                    ranges.AddRange(record.Ranges);
                }
            }
            catch (DamagedObjectException gone) when (gone.Kind == DamageKind.Missing)
            {
                // Withdrawn; the listing lags.
            }
        }

        return new ExpiredWal(ranges);
    }

    /// <summary>The content of a segment that is archived once; null when it is not, or contradicts itself.</summary>
    private async ValueTask<byte[]?> WholeAsync(WalObject[] items, CancellationToken cancellationToken)
    {
        try
        {
            return items.Length == 1 ? (await WalStore.ReadAsync(cluster, items[0], cancellationToken)).Content : null;
        }
        catch (DamagedObjectException)
        {
            return null;
        }
    }

    /// <summary>One that cannot be read or says something else stays: it is evidence.</summary>
    private async ValueTask<bool> IsPartAsync(WalPiece piece, byte[] segment, CancellationToken cancellationToken)
    {
        try
        {
            var (content, _) = await WalStore.ReadAsync(cluster, piece.Object, cancellationToken);
            return piece.To <= segment.Length && segment.AsSpan((int)piece.From, piece.Name.Bytes).SequenceEqual(content);
        }
        catch (DamagedObjectException)
        {
            return false;
        }
    }

    private void Add(ObjectName name, long size, string why)
    {
        var relative = objects.RelativeName(name);
        Found[relative] = new CondemnedObject(relative, size, why);
    }
}
