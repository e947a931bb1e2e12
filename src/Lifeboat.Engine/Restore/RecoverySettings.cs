using System.Globalization;
using System.Text;
using Lifeboat.Engine.Files;
using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// postgresql.auto.conf of a restored cluster: what the source had, without its own recovery, and the recovery that was
/// asked for. It is the one place for settings that pg_verifybackup leaves out of its judgement.
/// </summary>
internal static class RecoverySettings
{
    private static readonly string[] Dropped =
    [
        "restore_command", "recovery_target", "recovery_target_time", "recovery_target_xid", "recovery_target_lsn",
        "recovery_target_name", "recovery_target_timeline", "recovery_target_inclusive", "recovery_target_action",
        "recovery_end_command", "archive_cleanup_command",
    ];

    /// <summary>
    /// What postgresql.conf may say of another recovery, switched off. PostgreSQL takes one target only, and an empty one
    /// behind it would be a second one (assign_recovery_target_time), so that these come first.
    /// </summary>
    private static readonly KeyValuePair<string, string>[] Neutral =
    [
        new("recovery_target", ""), new("recovery_target_time", ""), new("recovery_target_xid", ""),
        new("recovery_target_lsn", ""), new("recovery_target_name", ""), new("recovery_target_inclusive", "on"),
        new("recovery_end_command", ""), new("archive_cleanup_command", ""),
    ];

    internal static byte[] Rewrite(ReadOnlySpan<byte> source, RestorePlan plan)
    {
        var text = new StringBuilder();
        foreach (var line in PosixPath.Decode(source).Split('\n'))
        {
            if (line.Length > 0 && !Dropped.Contains(ConfigurationText.NameOf(line), StringComparer.OrdinalIgnoreCase))
            {
                text.Append(line).Append('\n');
            }
        }

        text.Append(CultureInfo.InvariantCulture, $"# Written by the restore of backup {plan.Target.Backup.Id}.\n");
        Append(text, "restore_command", plan.Request.RestoreCommand);
        foreach (var (name, value) in Neutral.ExceptBy(plan.Target.Settings.Select(item => item.Key), item => item.Key))
        {
            Append(text, name, value);
        }

        foreach (var (name, value) in plan.Target.Settings)
        {
            Append(text, name, value);
        }

        return PosixPath.Encode(text.ToString());
    }

    private static void Append(StringBuilder text, string name, string value)
    {
        // Within quotes a quote is doubled and a backslash escapes (guc-file.l).
        var quoted = value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal);
        text.Append(CultureInfo.InvariantCulture, $"{name} = '{quoted}'\n");
    }
}
