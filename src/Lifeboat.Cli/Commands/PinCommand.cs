using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Retention;
using Lifeboat.Cli.Targets;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Cli.Commands;

internal static class PinCommand
{
    private static readonly Setting Reason = new("reason", "TEXT", "Why, shown wherever the backup is");

    private static readonly Setting Until = new(
        "until", "TIME", "When the pin ends, with its offset; without it, when somebody unpins");

    public static readonly CommandSpec Spec = new(
        "pin",
        "Keep a backup whatever the rules say",
        [new CommandArgument("ID", "The backup's id, the beginning of it, or latest")],
        [Reason, Until],
        [
            new("lifeboat pin latest --reason 'before the migration' --repository /backup/lifeboat", "Keep the newest"),
            new("lifeboat pin 20261120T1403 --reason 'audit 2026' --until '2027-03-31 00:00:00+01' --repository /backup/lifeboat",
                "Keep it until the end of March"),
        ],
        RunAsync)
    {
        Details = "The backup and the WAL that makes it consistent stay. A second pin replaces the first.",
    };

    private static Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var reason = context.Settings.Text(Reason) ?? throw SettingReading.Missing(Reason);
        var now = context.Time.GetUtcNow();
        var until = ReadUntil(context.Settings, now);
        return MarkWriting.RunAsync(
            context,
            (id, _) => new BackupMark(
                id, BackupMark.OfPin, reason, Tags: null, until, now, Environment.MachineName),
            cancellationToken);
    }

    private static DateTimeOffset? ReadUntil(Settings settings, DateTimeOffset now)
    {
        if (settings.Find(Until) is not { } value)
        {
            return null;
        }

        var (time, cause, hint) = TargetTime.Parse(value.Text, TimeZoneInfo.Local);
        return time is not { } end ? throw SettingReading.Wrong(value, cause, hint)
            : end > now ? end
            : throw SettingReading.Wrong(
                value, "it is over already", $"Give a time behind {Quantities.Time(now)}, or leave --until away.");
    }
}
