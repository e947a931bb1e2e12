using System.Globalization;

namespace Lifeboat.Repository.Retention;

/// <summary>By what a rule chooses.</summary>
public enum KeepKind
{
    Last,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
    Within,
}

/// <summary>
/// One keep rule. <c>last=N</c>: the newest N backups. <c>hourly=N</c> to <c>yearly=N</c>: the newest backup of each
/// of the
/// latest N periods that have one. <c>within=AGE</c>: every backup that ended at most so long ago.
/// </summary>
/// <param name="Count">Of all but <see cref="KeepKind.Within"/>: at least 1.</param>
/// <param name="Age">Of <see cref="KeepKind.Within"/> alone.</param>
/// <param name="Tag">Only backups with this tag are looked at; null for all.</param>
public sealed record KeepRule(KeepKind Kind, int Count, TimeSpan Age, string? Tag)
{
    private const int MostPeriods = 1_000_000;

    /// <summary>What a rule looks like, for messages.</summary>
    public const string Form = "last=3,hourly=48,daily=7,weekly=4,monthly=12,yearly=7,within=30d";

    /// <summary>Reads <c>[TAG:]NAME=VALUE</c>.</summary>
    /// <returns>The rule; or null and why it is none.</returns>
    public static (KeepRule? Rule, string Problem) Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        var tag = colon < 0 ? null : text[..colon].Trim();
        var rule = text[(colon + 1)..].Trim();
        if (tag is not null && !Backups.BackupTag.IsValid(tag))
        {
            return (null, $"'{tag}' is no tag");
        }

        var equals = rule.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            return (null, $"'{rule}' has no '=' and a number");
        }

        var name = rule[..equals].Trim();
        var value = rule[(equals + 1)..].Trim();
        if (!Enum.TryParse<KeepKind>(name, ignoreCase: true, out var kind) || !name.All(char.IsAsciiLetterLower))
        {
            return (null, $"there is no rule '{name}'");
        }

        if (kind == KeepKind.Within)
        {
            return RetentionAge.TryParse(value, out var age) && age > TimeSpan.Zero
                ? (new KeepRule(kind, 0, age, tag), "")
                : (null, $"'{value}' is no age: {RetentionAge.Form}");
        }

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count is >= 1 and <= MostPeriods
                ? (new KeepRule(kind, count, TimeSpan.Zero, tag), "")
                : (null, $"'{value}' is no whole number from 1 to {MostPeriods}; leave '{name}' away to keep none by it");
    }

    /// <summary>As it is written: <c>daily=7</c>.</summary>
    public override string ToString()
    {
        var value = Kind == KeepKind.Within
            ? RetentionAge.Text(Age)
            : Count.ToString(CultureInfo.InvariantCulture);
        return $"{(Tag is null ? "" : Tag + ":")}{Kind.ToString().ToLowerInvariant()}={value}";
    }
}
