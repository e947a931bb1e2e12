using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Windows;

/// <summary>
/// Makes of a window that names alone suggest what really can be recovered, by the facts of its segments: in positions and
/// in times, with its restore points. A segment that cannot be read parts it.
/// </summary>
internal sealed class WindowReading(LineageArchive archive, WalPath path, WalFactsCache cache, List<string> faults)
{
    private const int Ahead = 32;

    /// <summary>Catalogs: of each, one segment is asked for early.</summary>
    private const int CatalogsAhead = 32;

    /// <summary>Segments whose facts cannot be read.</summary>
    internal List<WalGap> Damaged { get; } = [];

    internal async ValueTask<IReadOnlyList<RecoveryWindow>> ReadAsync(
        RecoveryWindow window, CancellationToken cancellationToken)
    {
        var run = path.RunOf(window.LastSegment.Number)!.Value;
        var backups = archive.Backups
            .Where(backup => window.Backups.Contains(backup.Id, StringComparer.Ordinal))
            .OrderBy(backup => backup.StopLsn)
            .ToList();
        var first = backups.Min(backup => path.FirstNeededBy(BackupPoint.Of(backup)));
        var windows = new List<RecoveryWindow>();
        var stretch = new List<WalFacts>();
        for (var number = first; number <= run.Last; number++)
        {
            var facts = await FactsAsync(number, run, cancellationToken);
            if (facts is not null)
            {
                stretch.Add(facts);
            }

            if (facts is null || facts.Segment is { Unreadable: not null } || number == run.Last)
            {
                if (await WindowAsync(window, backups, stretch, cancellationToken) is { } part)
                {
                    windows.Add(part);
                }

                stretch = [];
            }
        }

        return windows;
    }

    private async ValueTask<WalFacts?> FactsAsync(ulong number, WalRun run, CancellationToken cancellationToken)
    {
        var wanted = new List<WalObject>(Ahead);
        for (var next = number; next <= run.Last && next - number < Ahead; next++)
        {
            wanted.Add(archive.Find(path.NameOf(next))!);
        }

        if (number % WalCatalog.Segments == 0 || number == run.First)
        {
            for (var next = number; next <= run.Last && next - number < CatalogsAhead * WalCatalog.Segments; next += WalCatalog.Segments)
            {
                wanted.Add(archive.Find(path.NameOf(next))!);
            }
        }

        cache.Expect(wanted, cancellationToken, wanted.Count);
        try
        {
            return await cache.ReadAsync(wanted[0], cancellationToken);
        }
        catch (LifeboatException damaged) when (damaged.Code is ErrorCode.Damaged or ErrorCode.Conflict)
        {
            faults.Add(damaged.Message);
            var name = path.NameOf(number).ToString();
            Damaged.Add(new WalGap(
                archive.Record.Id,
                path.Timeline,
                name,
                name,
                1,
                number > run.First ? path.NameOf(number - 1).ToString() : null,
                number < run.Last ? path.NameOf(number + 1).ToString() : null));
            return null;
        }
    }

    /// <summary>Null when no backup lies whole in the stretch.</summary>
    private async ValueTask<RecoveryWindow?> WindowAsync(
        RecoveryWindow whole,
        IReadOnlyList<BackupManifest> backups,
        IReadOnlyList<WalFacts> stretch,
        CancellationToken cancellationToken)
    {
        if (stretch.Count == 0 || !WalSegmentName.TryParse(stretch[0].File, archive.Size, out var first)
            || !WalSegmentName.TryParse(stretch[^1].File, archive.Size, out var last))
        {
            return null;
        }

        var end = stretch.LastOrDefault(facts => facts.Segment is { EndOfRecords: not null })?.Segment!.EndOfRecords
            ?? last.End;
        var held = backups
            .Where(backup => path.FirstNeededBy(BackupPoint.Of(backup)) >= first.Number && backup.StopLsn <= end)
            .ToList();
        if (held.Count == 0)
        {
            return null;
        }

        var oldest = held[0];
        var behind = stretch.Where(facts => facts.Segment is not null && EndOf(facts) > oldest.StartLsn).ToList();
        return whole with
        {
            Start = oldest.StopLsn,
            End = end,
            StartTime = RoundedUp(await EarliestAsync(oldest, behind, cancellationToken)),
            EndTime = Latest(held, behind) is { } latest ? PgTimestamp.From(latest).ToDateTimeOffset() : null,
            LastCommitTime = behind.LastOrDefault(facts => facts.Segment!.LastCommitTime is not null)?.Segment!.LastCommitTime,
            NewestBackupTime = held.Max(backup => backup.StopTime),
            Backups = [.. held.Select(backup => backup.Id)],
            LastSegment = last,
            RestorePoints =
            [
                .. behind.SelectMany(facts => facts.Segment!.RestorePoints)
                    .Where(point => point.EndLsn >= oldest.StopLsn && point.EndLsn <= end),
            ],
        };
    }

    private Lsn EndOf(WalFacts facts) =>
        WalSegmentName.TryParse(facts.File, archive.Size, out var name) ? name.End : Lsn.Zero;

    /// <summary>The latest time up to which something shows that no commit lacks.</summary>
    private DateTimeOffset? Latest(IReadOnlyList<BackupManifest> backups, IEnumerable<WalFacts> behind)
    {
        DateTimeOffset? latest = backups.Max(backup => backup.StopTime);
        foreach (var facts in behind)
        {
            var quiet = TimelineOf(facts) == path.Timeline ? facts.QuietAt : null;
            latest = Later(Later(latest, facts.Segment!.GreatestTime), quiet);
        }

        return latest;
    }

    /// <summary>
    /// A time can be reached when nothing later was committed before the backup is consistent: from the greatest commit
    /// time on that the backup itself replays.
    /// </summary>
    private async ValueTask<DateTimeOffset> EarliestAsync(
        BackupManifest backup, IReadOnlyList<WalFacts> behind, CancellationToken cancellationToken)
    {
        var earliest = backup.StartTime;
        var open = new WalRecordReader();
        foreach (var facts in behind)
        {
            if (!WalSegmentName.TryParse(facts.File, archive.Size, out var name) || name.Start >= backup.StopLsn)
            {
                break;
            }

            // Where the backup's end ends the segment, and no record goes over an edge, the facts are exact.
            if (facts.Segment is { IsKnown: true, Continues: false } summary && summary.LastRecord <= backup.StopLsn
                && summary.FirstRecord >= backup.StartLsn && open.State == WalReaderState.NeedsMore && open.UnfinishedRecord is null)
            {
                earliest = Later(earliest, summary.GreatestFinishTime)!.Value;
                open = new WalRecordReader();
                continue;
            }

            var (content, _) = await ArchivedSegment.ReadAsync(
                cache.Cluster, archive.Find(name)!, archive.Size, cancellationToken);
            earliest = Later(earliest, GreatestFinish(open, name, content, backup))!.Value;
        }

        return earliest;
    }

    private static DateTimeOffset? GreatestFinish(
        WalRecordReader reader, WalSegmentName name, byte[] content, BackupManifest backup)
    {
        DateTimeOffset? greatest = null;
        if (reader.State != WalReaderState.NeedsMore)
        {
            return null;
        }

        reader.Supply(name, content);
        while (reader.TryRead(out var record) && record.Lsn < backup.StopLsn)
        {
            if (record.Lsn >= backup.StartLsn && TransactionEnd.TryParse(record, out var end)
                && end.Time.TryToDateTimeOffset(out var time))
            {
                greatest = Later(greatest, time);
            }
        }

        return greatest;
    }

    /// <summary>A target is a whole microsecond.</summary>
    private static DateTimeOffset RoundedUp(DateTimeOffset time)
    {
        var whole = PgTimestamp.From(time);
        return (whole.ToDateTimeOffset() < time ? new PgTimestamp(whole.Microseconds + 1) : whole).ToDateTimeOffset();
    }

    private Timeline TimelineOf(WalFacts facts) =>
        WalSegmentName.TryParse(facts.File, archive.Size, out var name) ? name.Timeline : path.Timeline;

    private static DateTimeOffset? Later(DateTimeOffset? known, DateTimeOffset? other) =>
        known is null || other > known ? other : known;
}
