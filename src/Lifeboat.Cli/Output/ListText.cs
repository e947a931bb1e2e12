using System.Globalization;

namespace Lifeboat.Cli.Output;

/// <summary>The list for people.</summary>
internal static class ListText
{
    private const int MostRestorePoints = 8;

    public static void Print(TextWriter output, ListDocument list, bool allRestorePoints)
    {
        if (list.Backups.Length == 0)
        {
            output.WriteLine($"Cluster {list.Cluster} has no backup yet.");
        }
        else
        {
            PrintBackups(output, list.Backups);
        }

        if (list.Windows.Length > 0)
        {
            output.WriteLine();
            PrintWindows(output, list.Windows);
        }

        Section(output, "Expired:", (list.Expired ?? []).Select(expired =>
            $"{expired.Id} at {Quantities.Time(expired.ExpiredAt)}: {expired.Reason.ReplaceLineEndings(" ")}"));
        PrintRestorePoints(output, list.Windows, allRestorePoints ? int.MaxValue : MostRestorePoints);
        Section(output, "Missing WAL:", list.Gaps.Select(Describe));
        Section(output, "Conflicting WAL:", list.Conflicts.Select(conflict =>
            $"{conflict.File} has {conflict.Contents} contents in lineage {conflict.Lineage}"));
        Section(output, "DAMAGED:", [
            .. list.Damage.Select(damage => $"{damage.Object}: {damage.Kind}: {damage.Detail}"), .. list.Faults,
        ]);
    }

    public static string Describe(GapDocument gap) =>
        (gap.Count == 1 ? gap.First : $"{gap.First} to {gap.Last} ({gap.Count} segments)")
        + $" on timeline {gap.Timeline.ToString(CultureInfo.InvariantCulture)}";

    public static void Section(TextWriter output, string title, IEnumerable<string> lines)
    {
        var first = true;
        foreach (var line in lines)
        {
            if (first)
            {
                output.WriteLine();
                output.WriteLine(title);
                first = false;
            }

            output.WriteLine($"  {line}");
        }
    }

    private static void PrintBackups(TextWriter output, BackupDocument[] backups)
    {
        var table = new TextTable("BACKUP", "KIND", "ENDED", ">TOOK", ">SIZE", ">STORED", ">TL", "STOP LSN", "NOTES");
        foreach (var backup in backups)
        {
            table.Add(
                backup.Id,
                backup.Kind,
                Quantities.Time(backup.StopTime),
                Quantities.Duration(TimeSpan.FromSeconds(backup.DurationSeconds)),
                Quantities.Bytes(backup.BytesTotal),
                Quantities.Bytes(backup.BytesStored),
                backup.Timeline.ToString(CultureInfo.InvariantCulture),
                backup.StopLsn,
                Notes(backup));
        }

        table.Print(output);
    }

    /// <summary>The newest restore points of each window.</summary>
    public static void PrintRestorePoints(TextWriter output, WindowDocument[] windows, int most = MostRestorePoints)
    {
        var points = windows.SelectMany(window => window.RestorePoints.Select(point => (Window: window, Point: point)))
            .DistinctBy(item => (item.Point.Name, item.Point.Lsn, item.Window.Lineage))
            .ToList();
        if (points.Count == 0)
        {
            return;
        }

        output.WriteLine();
        var table = new TextTable("RESTORE POINT", "TIME", ">TL", "LSN", "LINEAGE");
        foreach (var (window, point) in points.TakeLast(most))
        {
            table.Add(
                point.Name,
                Quantities.Moment(point.Time),
                window.Timeline.ToString(CultureInfo.InvariantCulture),
                point.Lsn,
                window.Lineage[..8]);
        }

        table.Print(output);
        if (points.Count > most)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"and {points.Count - most} older ones: --restore-points shows all"));
        }
    }

    private static string Notes(BackupDocument backup)
    {
        var notes = new List<string>();
        if (backup.ChecksumErrors > 0)
        {
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{backup.ChecksumErrors} DAMAGED PAGES"));
        }

        if (backup.Pin is { } pin)
        {
            notes.Add($"pinned{(pin.Until is { } end ? $" until {Quantities.Time(end)}" : "")}: "
                + pin.Reason.ReplaceLineEndings(" "));
        }

        if (backup.Tags.Length > 0)
        {
            notes.Add($"[{string.Join(", ", backup.Tags)}]");
        }

        if (backup.Warnings.Length > 0)
        {
            notes.Add(backup.Warnings.Length == 1 ? "1 warning" : $"{backup.Warnings.Length} warnings");
        }

        if (backup.Reason is not null)
        {
            notes.Add(backup.Reason.ReplaceLineEndings(" "));
        }

        if (backup.Annotation is not null)
        {
            notes.Add(backup.Annotation.ReplaceLineEndings(" "));
        }

        return string.Join("; ", notes);
    }

    private static void PrintWindows(TextWriter output, WindowDocument[] windows)
    {
        var table = new TextTable(
            "RECOVERABLE FROM", "TO", "LAST COMMIT", ">TL", "FROM LSN", "TO LSN", ">BACKUPS", "LINEAGE");
        foreach (var window in windows)
        {
            table.Add(
                Quantities.Moment(window.StartTime),
                window.EndTime is { } end ? Quantities.Moment(end) : "",
                window.LastCommitTime is { } commit ? Quantities.Moment(commit) : "none",
                window.Timeline.ToString(CultureInfo.InvariantCulture),
                window.Start,
                window.End,
                window.Backups.Length.ToString(CultureInfo.InvariantCulture),
                window.Lineage[..8]);
        }

        table.Print(output);
    }
}
