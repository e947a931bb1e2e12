using System.Globalization;
using Lifeboat.Cli.Options;
using Lifeboat.Engine.Targets;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Cli.Targets;

/// <summary>The options that name a recovery target, by PostgreSQL's names.</summary>
internal static class TargetSettings
{
    public static readonly Setting Time = new(
        "target-time", "TIME", "Recover up to this time, with its offset: '2026-11-20 14:03:22+01'");

    public static readonly Setting TargetLsn = new("target-lsn", "LSN", "Recover up to this position: 16/B374D848");

    public static readonly Setting Xid = new("target-xid", "XID", "Recover up to the end of this transaction");

    public static readonly Setting Name = new("target-name", "NAME", "Recover up to this restore point");

    public static readonly Setting Immediate = Setting.Flag(
        "target-immediate", "Recover only until the backup is consistent");

    public static readonly Setting Exclusive = Setting.Flag(
        "target-exclusive", "Stop just before the target; for a time, an LSN or a transaction");

    public static readonly Setting TargetTimeline = new(
        "target-timeline", "N", "The timeline to follow, a number; without it, the newest of the backup's history");

    public static readonly Setting Action = new(
        "target-action", "ACTION", "What the server does at the target: promote, pause or shutdown", Default: "promote")
    {
        Choices = ["promote", "pause", "shutdown"],
    };

    public static readonly IReadOnlyList<Setting> All =
        [Time, TargetLsn, Xid, Name, Immediate, Exclusive, TargetTimeline, Action];

    /// <exception cref="Platform.Errors.LifeboatException">Usage: values that make no sense, or more than one
    /// target.</exception>
    public static RecoveryTarget Read(Settings settings, TimeZoneInfo local)
    {
        var named = new[] { Time, TargetLsn, Xid, Name }.Where(settings.IsGiven).ToList();
        if (settings.Flag(Immediate))
        {
            named.Add(Immediate);
        }

        if (named.Count > 1)
        {
            throw UsageError.Of(
                "read the recovery target",
                string.Join(", ", named.Select(setting => settings.Find(setting)!.Source)),
                "more than one target was given",
                "Give one of them.");
        }

        var target = named.Count == 0 ? RecoveryTarget.Latest : ReadPoint(settings, named[0], local);
        var exclusive = settings.Flag(Exclusive);
        if (exclusive
            && target.Kind is not (RecoveryTargetKind.Time or RecoveryTargetKind.Lsn or RecoveryTargetKind.Xid))
        {
            throw UsageError.Of(
                "read the recovery target",
                settings.Find(Exclusive)!.Source,
                "there is no commit or position to stop before",
                $"Give it together with {Time.Option}, {TargetLsn.Option} or {Xid.Option}.");
        }

        return target with
        {
            Exclusive = exclusive,
            Timeline = ReadTimeline(settings, TargetTimeline),
            Action = settings.Choice(Action) switch
            {
                "pause" => RecoveryTargetAction.Pause,
                "shutdown" => RecoveryTargetAction.Shutdown,
                _ => RecoveryTargetAction.Promote,
            },
        };
    }

    private static RecoveryTarget ReadPoint(Settings settings, Setting named, TimeZoneInfo local)
    {
        var value = settings.Find(named)!;
        if (named == Time)
        {
            var (time, cause, hint) = TargetTime.Parse(value.Text, local);
            return time is null
                ? throw SettingReading.Wrong(value, cause, hint)
                : new RecoveryTarget { Kind = RecoveryTargetKind.Time, Time = time };
        }

        if (named == TargetLsn)
        {
            return Lsn.TryParse(value.Text, out var lsn)
                ? new RecoveryTarget { Kind = RecoveryTargetKind.Lsn, Lsn = lsn }
                : throw SettingReading.Wrong(value, "it is no WAL position",
                    "Write it as PostgreSQL does: 16/B374D848.");
        }

        if (named == Xid)
        {
            // pg_current_xact_id() gives 64 bits, of which the upper half counts wrap-arounds; WAL holds the lower one.
            return ulong.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var xid)
                && (uint)xid >= 3
                ? new RecoveryTarget { Kind = RecoveryTargetKind.Xid, Xid = (uint)xid }
                : throw SettingReading.Wrong(value, "it is no transaction id", "Give a decimal number, 3 or more.");
        }

        return named == Name
            ? new RecoveryTarget { Kind = RecoveryTargetKind.Name, Name = value.Text }
            : new RecoveryTarget { Kind = RecoveryTargetKind.Immediate };
    }

    /// <summary>A timeline by its number; null when none or <c>latest</c> was given.</summary>
    internal static Timeline? ReadTimeline(Settings settings, Setting setting)
    {
        if (settings.Find(setting) is not { Text: not "latest" } value)
        {
            return null;
        }

        var text = value.Text;
        var hexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        var digits = hexadecimal ? text.AsSpan(2) : text.AsSpan();
        return (hexadecimal || digits is not ['0', ..]) && uint.TryParse(
            digits,
            hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var number) && number > 0
                ? new Timeline(number)
                : throw SettingReading.Wrong(
                    value,
                    "it is no timeline",
                    "Give a decimal number, or 0x and the hexadecimal digits that file names have.");
    }
}
