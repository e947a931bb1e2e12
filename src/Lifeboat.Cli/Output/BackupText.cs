using System.Globalization;

namespace Lifeboat.Cli.Output;

/// <summary>A backup for people.</summary>
internal static class BackupText
{
    /// <summary>The facts of a backup, one to a line.</summary>
    public static void Print(TextWriter output, BackupDocument backup)
    {
        Line(output, "Backup", backup.Id);
        Line(output, "Cluster", $"{backup.Cluster}, lineage {backup.Lineage}");
        Line(output, "Kind", $"{backup.Kind}, by {backup.Method}"
            + (backup.Parent is { } parent ? $", over {parent}" : ""));
        if (backup.FallbackReason is { } why)
        {
            Line(output, "Because", why);
        }

        if (backup.Reason is not null)
        {
            Line(output, "Reason", backup.Reason);
        }

        if (backup.LockedUntil is { } until)
        {
            Line(output, "Locked", $"until {Quantities.Time(until)} at least");
        }

        PrintNotes(output, new NotesDocument(backup.Id, backup.Tags, backup.Pin, backup.Annotation));
        Line(output, "Started", Quantities.Time(backup.StartTime));
        Line(output, "Ended", $"{Quantities.Time(backup.StopTime)}, after "
            + Quantities.Duration(TimeSpan.FromSeconds(backup.DurationSeconds)));
        Line(output, "WAL", $"{backup.StartLsn} to {backup.StopLsn} on timeline {backup.Timeline}");
        Line(output, "Size", string.Create(
            CultureInfo.InvariantCulture, $"{Quantities.Bytes(backup.BytesTotal)} in {Quantities.Count(backup.Files, "file")}"));
        Line(output, "Read", Quantities.Bytes(backup.BytesRead));
        Line(output, "Stored", Quantities.Bytes(backup.BytesStored));
        Line(output, "Checksums", backup.ChecksumErrors == 0
            ? "no damaged page"
            : string.Create(CultureInfo.InvariantCulture, $"{backup.ChecksumErrors} DAMAGED PAGES"));
        foreach (var page in backup.DamagedPages)
        {
            Line(output, "", page);
        }
    }

    public static void Print(TextWriter output, ShowDocument shown)
    {
        Print(output, shown.Backup);
        Line(output, "Server", $"PostgreSQL {shown.Server.Version}, system identifier {shown.Server.SystemIdentifier}, "
            + $"page checksums {(shown.Server.DataChecksums ? "on" : "off")}");
        Line(output, "Host", shown.Host);
        Line(output, "Program", $"lifeboat {shown.Program}");
        foreach (var tablespace in shown.Tablespaces)
        {
            Line(output, "Tablespace", $"{tablespace.Oid} at {tablespace.Location}");
        }

        foreach (var file in shown.Configuration)
        {
            Line(output, "Configuration", $"{file.Role}: {file.Source}, restored to {file.Target}");
        }

        foreach (var database in shown.Databases)
        {
            Line(output, "Database", $"{database.Name} with {database.Tables} tables");
        }

        foreach (var warning in shown.Backup.Warnings)
        {
            Line(output, "Warning", warning);
        }
    }

    /// <summary>What people say of it; nothing where nobody said anything.</summary>
    internal static void PrintNotes(TextWriter output, NotesDocument notes)
    {
        if (notes.Tags.Length > 0)
        {
            Line(output, "Tags", string.Join(", ", notes.Tags));
        }

        if (notes.Pin is { } pin)
        {
            Line(output, "Pinned", pin.Reason.ReplaceLineEndings(" ")
                + (pin.Until is { } end ? $", until {Quantities.Time(end)}" : ""));
        }

        if (notes.Annotation is not null)
        {
            Line(output, "Note", notes.Annotation.ReplaceLineEndings(" "));
        }
    }

    internal static void Line(TextWriter output, string name, string value) =>
        output.WriteLine($"{(name.Length == 0 ? "" : name + ":"),-15}{value}");
}
