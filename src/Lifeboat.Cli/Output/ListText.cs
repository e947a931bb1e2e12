using System.Globalization;

namespace Lifeboat.Cli.Output;

/// <summary>The list for people.</summary>
internal static class ListText
{
    public static void Print(TextWriter output, ListDocument list)
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

    private static string Notes(BackupDocument backup)
    {
        var notes = new List<string>();
        if (backup.ChecksumErrors > 0)
        {
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{backup.ChecksumErrors} DAMAGED PAGES"));
        }

        if (backup.Warnings.Length > 0)
        {
            notes.Add(backup.Warnings.Length == 1 ? "1 warning" : $"{backup.Warnings.Length} warnings");
        }

        if (backup.Reason is not null)
        {
            notes.Add(backup.Reason.ReplaceLineEndings(" "));
        }

        return string.Join("; ", notes);
    }

    private static void PrintWindows(TextWriter output, WindowDocument[] windows)
    {
        var table = new TextTable(
            "RECOVERABLE FROM", "TO (LAST COMMIT)", ">TL", "FROM LSN", "TO LSN", ">BACKUPS", "LINEAGE");
        foreach (var window in windows)
        {
            table.Add(
                Quantities.Time(window.StartTime),
                window.EndTime is { } end ? Quantities.Time(end) : "",
                window.Timeline.ToString(CultureInfo.InvariantCulture),
                window.Start,
                window.End,
                window.Backups.Length.ToString(CultureInfo.InvariantCulture),
                window.Lineage[..8]);
        }

        table.Print(output);
    }
}
