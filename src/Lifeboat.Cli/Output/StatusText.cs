using System.Globalization;

namespace Lifeboat.Cli.Output;

/// <summary>The status for people: what matters most on top.</summary>
internal static class StatusText
{
    public static void Print(TextWriter output, StatusDocument status, bool restorePoints)
    {
        BackupText.Line(output, "Cluster", $"{status.Cluster} in {status.Repository}"
            + (status.Encrypted ? ", encrypted" : ", not encrypted"));
        BackupText.Line(output, "Last backup", status.LastBackup is { } last
            ? $"{last.Id}, {Age(status.LastBackupAgeSeconds)} ago ({last.Kind}, {Quantities.Bytes(last.BytesTotal)})"
            : "NONE");
        if (status.LastBackup?.LockedUntil is { } until)
        {
            BackupText.Line(output, "Locked", $"until {Quantities.Time(until)} at least");
        }

        BackupText.Line(output, "Backups", status.Backups.ToString(CultureInfo.InvariantCulture));
        BackupText.Line(output, "Recoverable", status.WindowEnd is { } end
            ? $"until {Quantities.Time(end)}, {Age(status.LastCommitAgeSeconds)} ago, at {status.WindowEndLsn}"
            : "NOTHING");
        BackupText.Line(output, "Lost now", Lost(status.Rpo));
        if (status.Heartbeat is { } heartbeat)
        {
            BackupText.Line(output, "Heartbeat", string.Create(
                CultureInfo.InvariantCulture, $"at {heartbeat.Lsn}, archived after {heartbeat.Seconds:0.0} s"));
        }

        foreach (var lineage in status.Lineages.Where(_ => status.Lineages.Length > 1))
        {
            BackupText.Line(
                output,
                $"  {lineage.Lineage[..8]}",
                (lineage.IsFirst ? "the first server: " : "a copy of it: ")
                + (lineage.LastBackup is null ? "no backup of its own" : $"backup {Age(lineage.LastBackupAgeSeconds)} ago")
                + (lineage.WindowEnd is null ? "" : $", recoverable until {Age(lineage.LastCommitAgeSeconds)} ago"));
        }

        BackupText.Line(output, "Missing WAL", status.Gaps.Length == 0
            ? "none"
            : string.Join("; ", status.Gaps.Select(ListText.Describe)));
        foreach (var claim in status.Claims)
        {
            BackupText.Line(
                output, "Archived by",
                $"{claim.Host}:{claim.Directory}, timeline {claim.Timeline} of {claim.Lineage[..8]}");
        }

        BackupText.Line(output, "Stored", string.Create(
            CultureInfo.InvariantCulture, $"{Quantities.Bytes(status.BytesStored)} in {status.Objects} objects"));
        if (restorePoints)
        {
            ListText.PrintRestorePoints(output, status.Windows, int.MaxValue);
        }

        ListText.Section(output, "Conflicting WAL:", status.Conflicts.Select(conflict =>
            $"{conflict.File} has {conflict.Contents} contents in lineage {conflict.Lineage}"));
        ListText.Section(output, "DAMAGED:", [
            .. status.Damage.Select(damage => $"{damage.Object}: {damage.Kind}: {damage.Detail}"), .. status.Faults,
        ]);
    }

    private static string Lost(RpoDocument rpo) => rpo switch
    {
        { Seconds: null } => "EVERYTHING: no backup can be recovered",
        { Exact: true, NotArchived: { Commits: 0 } tail } =>
            $"nothing: the server's last commit is archived ({Quantities.Bytes(tail.Bytes)} behind it hold none)",
        { Exact: true, NotArchived: { Commits: { } commits } tail } => string.Create(
            CultureInfo.InvariantCulture,
            $"{commits} commits of the last {Age(rpo.Seconds)}, {Quantities.Bytes(tail.Bytes)} up to {tail.To}"),
        { NotArchived: { } tail } =>
            $"at most the last {Age(rpo.Seconds)}; {Quantities.Bytes(tail.Bytes)} up to {tail.To} are not archived: {rpo.Note}",
        _ => $"at most the last {Age(rpo.Seconds)}; {rpo.Note}",
    };

    private static string Age(double? seconds) => Quantities.Duration(TimeSpan.FromSeconds(Math.Max(0, seconds ?? 0)));
}
