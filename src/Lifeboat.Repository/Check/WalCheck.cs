using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Repository.Check;

/// <summary>Reads every WAL object of a lineage: facts or whole content, conflicts, and then what lacks between them.</summary>
internal sealed class WalCheck(
    Cluster cluster, FindingList findings, CheckOptions options, IProgress<CheckProgress>? progress)
{
    private readonly Lock _lock = new();
    private readonly WalSummaryCheck _summaries = new(cluster, findings, options);
    private long _bytes;
    private long _done;

    internal long BytesRead => _bytes;

    internal async ValueTask RunAsync(
        Id128 lineage,
        LineageRecord? record,
        StoredLineage stored,
        IReadOnlyList<BackupManifest> backups,
        CancellationToken cancellationToken)
    {
        var faults = new Dictionary<WalObject, (DamageKind Kind, string Detail)>();
        var histories = new Dictionary<Timeline, TimelineHistory>();
        await Parallel.ForEachAsync(
            stored.Wal,
            new ParallelOptions
            {
                MaxDegreeOfParallelism = Math.Max(1, options.Jobs),
                CancellationToken = cancellationToken,
            },
            async (item, token) =>
            {
                await Task.Yield();
                var fault = await ReadAsync(item, record, histories, token);
                progress?.Report(new CheckProgress(
                    "read WAL", Interlocked.Increment(ref _done), stored.Wal.Count, Interlocked.Read(ref _bytes)));
                if (fault is { } found)
                {
                    lock (_lock)
                    {
                        faults[item] = found;
                    }
                }
            });

        var size = SizeOf(record, backups);
        var damage = new WalDamage(cluster, lineage, size, histories, backups, stored.ExpiredWal, findings);
        foreach (var (item, (kind, detail)) in faults.OrderBy(pair => pair.Key.Name))
        {
            damage.ReportFault(item, kind, detail);
        }

        foreach (var several in stored.Wal.GroupBy(item => item.File).Where(items => items.Count() > 1))
        {
            foreach (var item in several)
            {
                damage.ReportFault(
                    item,
                    DamageKind.Inconsistent,
                    $"{several.Count()} different contents are archived as {several.Key}: two servers archived into one lineage");
            }
        }

        damage.ReportGaps(stored.Wal, item => !faults.ContainsKey(item));
        ReportUnclaimed(lineage, stored);
        await _summaries.RunAsync(stored, cancellationToken);
    }

    private async ValueTask<(DamageKind Kind, string Detail)?> ReadAsync(
        WalObject item,
        LineageRecord? record,
        Dictionary<Timeline, TimelineHistory> histories,
        CancellationToken cancellationToken)
    {
        try
        {
            // Histories are small, and their content is needed to tell what a gap hurts.
            if (!options.ReadData && !WalFileName.IsHistory(item.File))
            {
                var facts = await WalStore.ReadFactsAsync(cluster, item, cancellationToken);
                return WalFileName.IsSegment(item.File) && record is not null && facts.Length != record.SegmentSize
                    ? (DamageKind.Inconsistent, $"it has {facts.Length} bytes, and segments have {record.SegmentSize}")
                    : null;
            }

            var (content, _) = await WalStore.ReadAsync(cluster, item, cancellationToken);
            Interlocked.Add(ref _bytes, content.Length);
            var fault = Judge(item, content, record, histories, out var segment);
            if (fault is null && segment is { } name && WalFileName.IsSegment(item.File))
            {
                await _summaries.CompareAsync(item, name, content, cancellationToken);
            }

            return fault;
        }
        catch (DamagedObjectException damaged)
        {
            return (damaged.Kind, damaged.Detail);
        }
        catch (LifeboatException newer) when (newer.Code == ErrorCode.UnknownFormat)
        {
            return (DamageKind.Inconsistent, newer.Failure.Cause);
        }
    }

    private (DamageKind Kind, string Detail)? Judge(
        WalObject item,
        byte[] content,
        LineageRecord? record,
        Dictionary<Timeline, TimelineHistory> histories,
        out WalSegmentName? segment)
    {
        segment = null;
        if (WalFileName.IsHistory(item.File))
        {
            var timeline = TimelineOf(item.File);
            try
            {
                lock (_lock)
                {
                    histories[timeline] = TimelineHistory.Parse(timeline, content);
                }
            }
            catch (Exception unreadable) when (unreadable is FormatException or ArgumentException)
            {
                return (DamageKind.Inconsistent, $"it is no timeline history: {unreadable.Message}");
            }

            return null;
        }

        if (record is null || WalFileName.IsBackupLabel(item.File))
        {
            return null;
        }

        if (WalFileName.IsSegment(item.File) && content.Length != record.SegmentSize)
        {
            return (DamageKind.Inconsistent, $"it has {content.Length} bytes, and segments have {record.SegmentSize}");
        }

        if (!WalSegmentSize.IsValid(record.SegmentSize) || !WalSegmentName.TryParse(
            item.File.AsSpan(0, WalSegmentName.Length), new WalSegmentSize(record.SegmentSize), out var name))
        {
            return (DamageKind.Inconsistent, "no segment of this size can have its name");
        }

        segment = name;
        var contradiction = WalSegmentHeader.Inspect(content, out var header)
            ?? header.Contradicts(name, ulong.TryParse(record.SystemIdentifier, out var system) ? system : null);
        return contradiction is null ? null : (DamageKind.Inconsistent, contradiction);
    }

    private void ReportUnclaimed(Id128 lineage, StoredLineage stored)
    {
        var claimed = stored.Claims.Select(claim => claim.Timeline).ToHashSet();
        foreach (var timeline in stored.Wal.Where(item => WalFileName.IsSegment(item.File))
            .Select(item => TimelineOf(item.File)).Distinct().Where(timeline => !claimed.Contains(timeline)))
        {
            findings.Add(
                $"{ObjectNames.Claims(cluster.Name, lineage, timeline)}00000001",
                FindingSeverity.Information,
                DamageKind.Missing,
                $"WAL of timeline {timeline} is archived, and no server claims it: the next one that archives will");
        }
    }

    /// <summary>
    /// The lineage's segment size. Without its record it is not known for certain: what its backups say, and then
    /// PostgreSQL's own default, are the best guesses.
    /// </summary>
    internal static WalSegmentSize SizeOf(LineageRecord? record, IReadOnlyList<BackupManifest> backups) =>
        record is not null && WalSegmentSize.IsValid(record.SegmentSize)
            ? new WalSegmentSize(record.SegmentSize)
            : backups.Select(backup => backup.Server.WalSegmentSize).FirstOrDefault(bytes => WalSegmentSize.IsValid(bytes))
                is var known and > 0 ? new WalSegmentSize(known) : WalSegmentSize.Default;

    internal static Timeline TimelineOf(string file) =>
        Timeline.TryParseHex(file.AsSpan(0, 8), out var timeline) ? timeline : default;
}
