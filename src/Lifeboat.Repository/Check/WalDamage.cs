using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Repository.Check;

/// <summary>
/// What breaks in the WAL of a lineage hurt: backups whose own stretch (start to stop) is concerned cannot be restored, and
/// from those that come before a break recovery cannot come past it.
/// </summary>
internal sealed class WalDamage(
    Cluster cluster,
    Id128 lineage,
    WalSegmentSize size,
    Dictionary<Timeline, TimelineHistory> histories,
    IReadOnlyList<BackupManifest> backups,
    ExpiredWal expired,
    FindingList findings)
{
    internal void ReportFault(WalObject item, DamageKind kind, string detail)
    {
        if (WalFileName.IsSegment(item.File)
            && WalSegmentName.TryParse(item.File, size, out var segment))
        {
            Report(item.Name.Value, kind, detail, segment.Timeline, segment.Number, segment.Number, alwaysDamage: true);
            return;
        }

        var hurt = WalFileName.IsHistory(item.File)
            ? backups.Where(backup => backup.Timeline == WalCheck.TimelineOf(item.File)).Select(backup => backup.Id)
            : [];
        findings.Damage(item.Name.Value, kind, detail, hurt);
    }

    /// <summary>Reports each stretch of segments that lacks between others, or that a backup or a switch needs.</summary>
    /// <param name="isIntact">
    /// Damaged objects fill the place of their segment, so that nothing is told twice; but only their name says which place
    /// that is, and it must not stretch what is taken for archived.
    /// </param>
    internal void ReportGaps(IEnumerable<WalObject> stored, Func<WalObject, bool> isIntact)
    {
        var timelines = new SortedDictionary<Timeline, SortedSet<ulong>>();
        var doubtful = new List<WalSegmentName>();
        foreach (var item in stored)
        {
            if (!WalFileName.IsSegment(item.File) || !WalSegmentName.TryParse(item.File, size, out var segment))
            {
                continue;
            }

            if (isIntact(item))
            {
                NumbersOf(timelines, segment.Timeline).Add(segment.Number);
            }
            else
            {
                doubtful.Add(segment);
            }
        }

        foreach (var segment in doubtful)
        {
            var edges = backups.Where(backup => backup.Timeline == segment.Timeline)
                .SelectMany(backup => new[] { size.SegmentOf(backup.StartLsn), LastOf(backup) })
                .Concat(timelines.TryGetValue(segment.Timeline, out var intact) ? intact : [])
                .ToList();
            if (edges.Count > 0 && segment.Number >= edges.Min() && segment.Number <= edges.Max())
            {
                NumbersOf(timelines, segment.Timeline).Add(segment.Number);
            }
        }

        foreach (var timeline in backups.Select(backup => backup.Timeline).Distinct())
        {
            NumbersOf(timelines, timeline);
        }

        foreach (var (timeline, numbers) in timelines)
        {
            ReportHistory(timeline, timelines);
            var edges = new SortedSet<ulong>(numbers);
            foreach (var (number, _) in Needed(timeline, timelines))
            {
                edges.Add(number);
            }

            ReportHoles(timeline, numbers, edges, Covered(timeline, timelines));
        }
    }

    /// <summary>Numbers that must be there although nothing may lie behind them, with whether a backup says so.</summary>
    private IEnumerable<(ulong Number, bool ForBackup)> Needed(
        Timeline timeline, SortedDictionary<Timeline, SortedSet<ulong>> timelines)
    {
        foreach (var backup in backups.Where(backup => backup.Timeline == timeline))
        {
            yield return (size.SegmentOf(backup.StartLsn), true);
            yield return (LastOf(backup), true);
        }

        // A child goes on in a copy of the segment in which it left; the one before must come from its parent.
        foreach (var child in timelines.Keys.Where(child => child > timeline))
        {
            if (histories.GetValueOrDefault(child) is { Entries: [.., var last] } && last.Timeline == timeline
                && timelines[timeline].Count > 0
                && size.SegmentOf(last.SwitchPoint) is var left and > 0 && left - 1 >= timelines[timeline].Min)
            {
                yield return (left - 1, false);
            }
        }
    }

    /// <summary>Whether a younger timeline that came from this one holds the segment in its place.</summary>
    private Func<ulong, bool> Covered(Timeline timeline, SortedDictionary<Timeline, SortedSet<ulong>> timelines) =>
        number => timelines.Any(other => other.Key > timeline && other.Value.Contains(number)
            && histories.GetValueOrDefault(other.Key)?.SwitchedFrom(timeline) is { } left
            && size.SegmentOf(left) <= number);

    private void ReportHoles(
        Timeline timeline, SortedSet<ulong> there, SortedSet<ulong> edges, Func<ulong, bool> covered)
    {
        ulong? next = null;
        foreach (var edge in edges)
        {
            var has = there.Contains(edge) || covered(edge);
            var last = has ? edge - 1 : edge;
            if (next is { } first && last != ulong.MaxValue && first <= last)
            {
                while (first <= last && covered(first))
                {
                    first++;
                }

                if (first <= last)
                {
                    ReportHole(timeline, first, last);
                }
            }
            else if (next is null && !has)
            {
                ReportHole(timeline, edge, edge);
            }

            next = edge + 1;
        }
    }

    /// <summary>Of what lacks, all that did not go on purpose.</summary>
    private void ReportHole(Timeline timeline, ulong first, ulong last)
    {
        foreach (var (from, to) in expired.Without(timeline, first, last))
        {
            ReportMissing(timeline, from, to);
        }
    }

    private void ReportMissing(Timeline timeline, ulong first, ulong last)
    {
        var from = new WalSegmentName(timeline, first, size);
        var to = new WalSegmentName(timeline, last, size);
        var words = first == last
            ? "this segment is not archived"
            : $"{last - first + 1} segments up to {to} are not archived";
        Report(
            ObjectNames.WalFile(cluster.Name, lineage, from.ToString()).TrimEnd('-'),
            DamageKind.Missing, words, timeline, first, last, alwaysDamage: false);
    }

    private void Report(
        string name, DamageKind kind, string detail, Timeline timeline, ulong first, ulong last, bool alwaysDamage)
    {
        var hurt = backups
            .Where(backup => Follows(backup, timeline, first) && size.SegmentOf(backup.StartLsn) <= last
                && LastOf(backup) >= first)
            .Select(backup => backup.Id).ToList();
        var before = backups
            .Where(backup => Follows(backup, timeline, first) && size.SegmentOf(backup.StartLsn) <= last)
            .Select(backup => backup.Id).ToList();
        var segment = new WalSegmentName(timeline, first, size);
        var points = before.Count == 0
            ? null
            : new HurtPoints(
                lineage.ToString(),
                timeline.Value,
                segment.ToString(),
                segment.Start.ToString(),
                EndOf(last).ToString(),
                before);
        findings.Add(
            name,
            alwaysDamage || before.Count > 0 ? FindingSeverity.Damage : FindingSeverity.Information,
            kind,
            detail,
            hurt,
            points);
    }

    /// <summary>Whether recovery from this backup can go through the segment on this timeline.</summary>
    private bool Follows(BackupManifest backup, Timeline timeline, ulong segment)
    {
        if (backup.Timeline == timeline)
        {
            return true;
        }

        if (backup.Timeline > timeline)
        {
            return false;
        }

        // An unknown history excuses nothing: the backup may come before.
        return !histories.TryGetValue(timeline, out var history)
            || (history.SwitchedFrom(backup.Timeline) is { } left && backup.StartLsn <= left
                && size.SegmentOf(left) <= segment);
    }

    private void ReportHistory(Timeline timeline, SortedDictionary<Timeline, SortedSet<ulong>> timelines)
    {
        if (timeline == Timeline.First || histories.ContainsKey(timeline))
        {
            return;
        }

        // The first timeline that this lineage archived may have begun before it; later ones began under its eyes.
        var isFirst = timelines.Keys.First() == timeline;
        findings.Add(
            ObjectNames.WalFile(cluster.Name, lineage, TimelineHistory.FileName(timeline)).TrimEnd('-'),
            isFirst ? FindingSeverity.Warning : FindingSeverity.Damage,
            DamageKind.Missing,
            $"WAL or backups of timeline {timeline} are there, and its history is not (or cannot be read): recovery cannot "
            + "be told to follow it from an older timeline",
            isFirst ? [] : backups.Where(backup => backup.Timeline == timeline).Select(backup => backup.Id));
    }

    /// <summary>The last segment of all ends where LSNs do.</summary>
    private Lsn EndOf(ulong segment) =>
        segment >= size.SegmentOf(Lsn.Max) ? Lsn.Max : size.StartOf(segment + 1);

    private ulong LastOf(BackupManifest backup) =>
        Math.Max(size.SegmentOf(backup.StartLsn), size.SegmentOf(new Lsn(Math.Max(1, backup.StopLsn.Value) - 1)));

    private static SortedSet<ulong> NumbersOf(SortedDictionary<Timeline, SortedSet<ulong>> timelines, Timeline timeline)
    {
        if (!timelines.TryGetValue(timeline, out var numbers))
        {
            timelines[timeline] = numbers = [];
        }

        return numbers;
    }
}
