using Lifeboat.Cli.Options;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Retention;

namespace Lifeboat.Cli.Retention;

/// <summary>The options that say what is to be kept; the section <c>retention</c> of the configuration file has them
/// too.</summary>
internal static class PolicySettings
{
    /// <summary>The section of the configuration file.</summary>
    public const string Section = "retention";

    private const int MostMinimum = 1_000_000;

    public static readonly Setting Keep = new(
        "keep", "RULES", $"What stays: any of {KeepRule.Form}; TAG:daily=7 looks only at backups with that tag",
        SettingKind.Many)
    {
        TakesMapping = true,
    };

    public static readonly Setting Window = new(
        "window", "AGE", "Every point of the last so long stays recoverable, as 7d");

    public static readonly Setting Minimum = new(
        "minimum", "N", "So many complete backups stay whatever the rules say", Default: "1");

    public static readonly Setting MinimumAge = new(
        "minimum-age", "AGE", "Nothing younger is removed, as 1d");

    public static readonly Setting Tag = new("tag", "TAG", "Remove only backups with this tag");

    public static readonly Setting TimeZone = new(
        "time-zone", "ZONE", "Where days, weeks, months and years begin, as Europe/Berlin", Default: "UTC");

    public static readonly IReadOnlyList<Setting> All = [Keep, Window, Minimum, MinimumAge, Tag, TimeZone];

    /// <summary>Null when neither a rule nor a window was given.</summary>
    public static RetentionPolicy? Read(Settings settings)
    {
        var policy = new RetentionPolicy
        {
            Rules = ReadRules(settings),
            Window = ReadAge(settings, Window),
            Minimum = ReadMinimum(settings),
            MinimumAge = ReadAge(settings, MinimumAge) ?? TimeSpan.Zero,
            OnlyTag = settings.Find(Tag) is { } tag ? CheckTag(tag, tag.Text) : null,
            TimeZone = ReadZone(settings),
        };
        return policy.Rules.Count == 0 && policy.Window is null ? null : policy;
    }

    public static int ReadMinimum(Settings settings) => settings.Integer(Minimum, 1, MostMinimum)!.Value;

    /// <summary>The tag, when it is one.</summary>
    public static string CheckTag(SettingValue value, string tag) => BackupTag.IsValid(tag)
        ? tag
        : throw SettingReading.Wrong(
            value with { Texts = [tag] },
            "it is no tag",
            "A tag has 1 to 63 letters, digits, '_', '-' or '.', and begins with a letter or digit.");

    private static List<KeepRule> ReadRules(Settings settings)
    {
        var rules = new List<KeepRule>();
        if (settings.Find(Keep) is not { } value)
        {
            return rules;
        }

        foreach (var text in value.Texts.SelectMany(text => text.Split(',')))
        {
            var (rule, problem) = KeepRule.Parse(text.Trim());
            if (rule is null || rules.Exists(other => other.Kind == rule.Kind && other.Tag == rule.Tag))
            {
                throw SettingReading.Wrong(
                    value with { Texts = [text.Trim()] },
                    rule is null ? problem : $"'{rule.Kind.ToString().ToLowerInvariant()}' is given twice",
                    $"Write rules as {KeepRule.Form}.");
            }

            rules.Add(rule);
        }

        return rules;
    }

    private static TimeSpan? ReadAge(Settings settings, Setting setting) =>
        settings.Find(setting) is not { } value ? null
        : RetentionAge.TryParse(value.Text, out var age) ? age
        : throw SettingReading.Wrong(value, "it is no age", $"Please {RetentionAge.Form}.");

    private static TimeZoneInfo ReadZone(Settings settings)
    {
        var value = settings.Find(TimeZone)!;
        return TimeZoneInfo.TryFindSystemTimeZoneById(value.Text, out var zone)
            ? zone
            : throw SettingReading.Wrong(
                value,
                "this machine knows no such time zone",
                "Give a name such as Europe/Berlin or UTC; 'timedatectl list-timezones' shows them. The package tzdata holds "
                + "them.");
    }
}
