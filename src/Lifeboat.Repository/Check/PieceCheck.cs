using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Repository.Check;

/// <summary>
/// Reads the pieces of segments: each is what its name says, and pieces and whole segments agree where they give the
/// same
/// bytes. One that is superseded hurts nothing when it is damaged.
/// </summary>
internal sealed class PieceCheck(Cluster cluster, FindingList findings, CheckOptions options)
{
    private long _bytes;

    internal long BytesRead => _bytes;

    internal async ValueTask RunAsync(
        Id128 lineage,
        LineageRecord? record,
        StoredLineage stored,
        IReadOnlyList<BackupManifest> backups,
        CancellationToken cancellationToken)
    {
        var size = WalCheck.SizeOf(record, backups);
        var whole = stored.Wal.Where(item => WalFileName.IsSegment(item.File)).ToLookup(item => item.File);
        await Parallel.ForEachAsync(
            stored.Pieces.GroupBy(piece => piece.Name.Segment),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = Math.Max(1, options.Jobs),
                CancellationToken = cancellationToken,
            },
            async (pieces, token) =>
            {
                await Task.Yield();
                if (!WalSegmentName.TryParse(pieces.Key, size, out var segment))
                {
                    foreach (var piece in pieces)
                    {
                        findings.Damage(
                            piece.Object.Name.Value,
                            DamageKind.Inconsistent,
                            $"where segments have {size} there is none of its name");
                    }

                    return;
                }

                var hurt = backups.Where(
                    backup => backup.Timeline == segment.Timeline && backup.StartLsn < segment.End).ToList();
                var content = await WholeAsync([.. whole[pieces.Key]], token);
                await CheckAsync(lineage, segment, [.. pieces], content, whole.Contains(pieces.Key), hurt, token);
            });
    }

    private async ValueTask CheckAsync(
        Id128 lineage,
        WalSegmentName segment,
        List<WalPiece> pieces,
        byte[]? whole,
        bool isWhole,
        List<BackupManifest> backups,
        CancellationToken cancellationToken)
    {
        // Filled from the whole segment, or else from the pieces of the chain, and then compared with all others.
        var chain = WalPieceChain.Of(pieces);
        var content = whole ?? (options.ReadData ? new byte[segment.Size.Bytes] : []);
        var known = whole?.Length ?? 0;
        foreach (var piece in chain.Pieces.Concat(chain.Others))
        {
            var needed = !isWhole && chain.Pieces.Contains(piece);
            try
            {
                var bytes = await ReadAsync(piece, segment, cancellationToken);
                var both = Math.Min(known, (int)piece.To) - (int)piece.From;
                if (both > 0 && !content.AsSpan((int)piece.From, both).SequenceEqual(bytes.AsSpan(0, both)))
                {
                    Report(lineage, segment, piece, DamageKind.Inconsistent, "it contradicts what else is archived of its "
                        + "segment: two servers' WAL came into one lineage", needed: true, backups);
                    continue;
                }

                if (options.ReadData && piece.From <= known && piece.To > known)
                {
                    bytes.AsSpan(known - (int)piece.From).CopyTo(content.AsSpan(known));
                    known = (int)piece.To;
                }
            }
            catch (DamagedObjectException damage)
            {
                Report(lineage, segment, piece, damage.Kind, damage.Detail, needed, backups);
            }
            catch (LifeboatException newer) when (newer.Code == ErrorCode.UnknownFormat)
            {
                Report(lineage, segment, piece, DamageKind.Inconsistent, newer.Failure.Cause, needed, backups);
            }
        }
    }

    /// <summary>The piece's bytes; empty when only facts are looked at.</summary>
    private async ValueTask<byte[]> ReadAsync(
        WalPiece piece, WalSegmentName segment, CancellationToken cancellationToken)
    {
        var (bytes, facts) = options.ReadData
            ? await WalStore.ReadAsync(cluster, piece.Object, cancellationToken)
            : ([], await WalStore.ReadFactsAsync(cluster, piece.Object, cancellationToken));
        Interlocked.Add(ref _bytes, bytes.Length);
        return facts.Length == piece.Name.Bytes && piece.To <= segment.Size.Bytes
            ? bytes
            : throw new DamagedObjectException(
                piece.Object.Name, DamageKind.Inconsistent, "its length is not what its name says, or above its segment's");
    }

    /// <summary>The whole segment to compare with; null when there is none, or several, or it is damaged.</summary>
    private async ValueTask<byte[]?> WholeAsync(List<WalObject> items, CancellationToken cancellationToken)
    {
        try
        {
            return options.ReadData && items.Count == 1
                ? (await WalStore.ReadAsync(cluster, items[0], cancellationToken)).Content
                : null;
        }
        catch (LifeboatException damaged) when (damaged.Code is ErrorCode.Damaged or ErrorCode.UnknownFormat)
        {
            // The check of whole segments says so.
            return null;
        }
    }

    private void Report(
        Id128 lineage,
        WalSegmentName segment,
        WalPiece piece,
        DamageKind kind,
        string detail,
        bool needed,
        List<BackupManifest> backups)
    {
        var points = needed && backups.Count > 0
            ? new HurtPoints(
                lineage.ToString(),
                segment.Timeline.Value,
                segment.ToString(),
                (segment.Start + piece.From).ToString(),
                segment.End.ToString(),
                [.. backups.Select(backup => backup.Id)])
            : null;
        findings.Add(
            piece.Object.Name.Value,
            needed ? FindingSeverity.Damage : FindingSeverity.Warning,
            kind,
            needed ? detail : $"{detail}; other objects hold the same bytes",
            points: points);
    }
}
