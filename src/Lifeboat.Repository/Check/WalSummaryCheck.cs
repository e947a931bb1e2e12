using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Repository.Check;

/// <summary>
/// Compares what is stored about segments with what they say: summaries with their content, catalogs with the segments
/// that are listed. Shared by threads.
/// </summary>
internal sealed class WalSummaryCheck(Cluster cluster, FindingList findings, CheckOptions options)
{
    /// <summary>The summary of a segment whose content was found to be intact.</summary>
    internal async ValueTask CompareAsync(
        WalObject item, WalSegmentName segment, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            var (facts, blocks) = await WalStore.ReadSummaryAsync(cluster, item, cancellationToken);
            if (blocks.Length == 0 ? facts.Segment?.Format != 1 : blocks[0] != WalSummaryCodec.Format)
            {
                // None, or one that only a newer version reads: it is made anew when it is wanted.
                return;
            }

            if (!blocks.AsSpan().SequenceEqual(WalSummaryCodec.Encode(WalRunSummary.Of(segment, content))))
            {
                findings.Damage(
                    item.Name.Value,
                    DamageKind.Inconsistent,
                    "its summary of changed blocks is not what the segment says: incremental backups would be wrong");
            }
        }
        catch (DamagedObjectException damaged)
        {
            findings.Damage(
                item.Name.Value,
                damaged.Kind,
                $"the segment is intact, its summary of changed blocks is not: {damaged.Detail}");
        }
    }

    /// <summary>The catalogs of a lineage.</summary>
    internal async ValueTask RunAsync(StoredLineage stored, CancellationToken cancellationToken)
    {
        var listed = stored.Wal.ToLookup(item => item.File, StringComparer.Ordinal);
        foreach (var catalog in stored.Catalogs)
        {
            try
            {
                var (facts, run) = await WalCatalog.ReadAsync(cluster, catalog, cancellationToken);
                var items = facts.Select(entry => listed[entry.File].ToList()).ToList();
                if (facts.Zip(items).FirstOrDefault(pair => pair.Second is not [{ } only] || only.Tag != pair.First.Tag)
                    is { First: { } differing })
                {
                    Warn(catalog, $"segment {differing.File} is not archived as it says, so that it is ignored for it");
                }
                else if (options.ReadData)
                {
                    await CompareAsync(catalog, facts, run, [.. items.Select(found => found[0])], cancellationToken);
                }
            }
            catch (DamagedObjectException damaged)
            {
                Warn(catalog, $"it is ignored, since it cannot be read: {damaged.Detail}");
            }
        }
    }

    private async ValueTask CompareAsync(
        WalCatalogObject catalog,
        IReadOnlyList<WalFacts> facts,
        WalRunSummary? run,
        IReadOnlyList<WalObject> items,
        CancellationToken cancellationToken)
    {
        var joined = run is null ? null : new WalRunJoining(async (segment, token) =>
            (await WalStore.ReadAsync(cluster, items[(int)(segment.Number - run.First.Number)], token)).Content);
        for (var index = 0; index < items.Count; index++)
        {
            try
            {
                var (own, blocks) = await WalStore.ReadSummaryAsync(cluster, items[index], cancellationToken);
                if (!SameFacts(own, facts[index]))
                {
                    findings.Damage(
                        catalog.Name.Value,
                        DamageKind.Inconsistent,
                        $"its facts of {own.File} are not the segment's own");
                    return;
                }

                if (joined is not null)
                {
                    var segment = run!.First with { Number = run.First.Number + (ulong)index };
                    await joined.AppendAsync(
                        TryDecode(blocks) ?? WalRunSummary.Of(
                            segment, (await WalStore.ReadAsync(cluster, items[index], cancellationToken)).Content),
                        cancellationToken);
                }
            }
            catch (DamagedObjectException)
            {
                // It is reported as damage of the segment, which leaves nothing to compare the catalog with.
                return;
            }
        }

        if (joined is not null && (joined.Fault is not null
            || !WalSummaryCodec.Encode(joined.ToSummary()).AsSpan().SequenceEqual(WalSummaryCodec.Encode(run!))))
        {
            findings.Damage(
                catalog.Name.Value,
                DamageKind.Inconsistent,
                "its summary of changed blocks is not what its segments say: incremental backups would be wrong");
        }
    }

    private static WalRunSummary? TryDecode(byte[] blocks)
    {
        try
        {
            return WalSummaryCodec.TryDecode(blocks);
        }
        catch (DecodingException)
        {
            return null;
        }
    }

    private static bool SameFacts(WalFacts own, WalFacts listed) =>
        WalFactsForm.Instance.ToBytes(own).AsSpan().SequenceEqual(WalFactsForm.Instance.ToBytes(listed));

    private void Warn(WalCatalogObject catalog, string detail) =>
        findings.Add(catalog.Name.Value, FindingSeverity.Warning, DamageKind.Inconsistent, detail);
}
