using System.Globalization;

namespace Lifeboat.Cli.Output;

/// <summary>A restore for people.</summary>
internal static class RestoreText
{
    public static void Print(TextWriter output, RestoreDocument restore)
    {
        BackupText.Line(output, restore.DryRun ? "Would restore" : "Restored", restore.Directory);
        BackupText.Line(output, "From backup", restore.Backup);
        BackupText.Line(output, "Recovery to", restore.Target);
        BackupText.Line(output, "History of", $"lineage {restore.SourceLineage}");
        BackupText.Line(output, "Timeline", restore.Timeline.ToString(CultureInfo.InvariantCulture));
        BackupText.Line(output, "WAL", $"{restore.WalFrom} to {restore.WalTo}"
            + (restore.StopLsn is null ? "" : $", ending at {restore.StopLsn}"));
        foreach (var tablespace in restore.Tablespaces)
        {
            BackupText.Line(output, "Tablespace", $"{tablespace.Oid} at {tablespace.Location}");
        }

        BackupText.Line(output, "Size", $"{Quantities.Bytes(restore.Bytes)} in {Quantities.Count(restore.Files, "file")}");
        foreach (var words in restore.Delta?.Words ?? [])
        {
            BackupText.Line(output, "In place", words);
        }

        if (restore.DryRun)
        {
            BackupText.Line(output, "Free there", Quantities.Bytes(restore.FreeBytes));
            foreach (var warning in restore.Warnings)
            {
                BackupText.Line(output, "Warning", warning);
            }

            output.WriteLine("Nothing was written.");
            return;
        }

        BackupText.Line(output, "Written", Quantities.Bytes(restore.BytesWritten ?? 0));
        BackupText.Line(output, "Lineage", restore.Lineage ?? "");
        BackupText.Line(output, "Time", Quantities.Duration(TimeSpan.FromSeconds(restore.DurationSeconds ?? 0)));
        foreach (var warning in restore.Warnings)
        {
            BackupText.Line(output, "Warning", warning);
        }

        output.WriteLine("Start the server on this directory, and it recovers to the target.");
    }
}
