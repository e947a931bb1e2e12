using System.Globalization;

namespace Lifeboat.Repository.Retention;

/// <summary>What the keep rules choose among some backups of one lineage, and why not the others. Pure.</summary>
internal static class RuleSelection
{
    /// <summary>Says of each backup which rules keep it, and of the others what each rule says against it.</summary>
    /// <param name="newestFirst">Those that take part; a backup stands for its period when it is the newest of
    /// it.</param>
    internal static RuleVerdicts Of(
        IReadOnlyList<RetentionBackup> newestFirst, RetentionPolicy policy, DateTimeOffset now)
    {
        var verdicts = new RuleVerdicts();
        foreach (var rule in policy.Rules)
        {
            var fitting = newestFirst
                .Where(backup => rule.Tag is null || backup.Tags.Contains(rule.Tag, StringComparer.Ordinal))
                .ToList();
            switch (rule.Kind)
            {
                case KeepKind.Last:
                    ByNumber(rule, fitting, verdicts);
                    break;
                case KeepKind.Within:
                    ByAge(rule, fitting, now, verdicts);
                    break;
                default:
                    ByPeriod(rule, fitting, policy.TimeZone, verdicts);
                    break;
            }
        }

        return verdicts;
    }

    private static void ByNumber(KeepRule rule, List<RetentionBackup> fitting, RuleVerdicts verdicts)
    {
        for (var at = 0; at < fitting.Count; at++)
        {
            if (at < rule.Count)
            {
                verdicts.Keep(fitting[at], string.Create(
                    CultureInfo.InvariantCulture, $"{rule}: {(at == 0 ? "the newest" : $"{at} newer")}"));
            }
            else
            {
                verdicts.Refuse(fitting[at], string.Create(
                    CultureInfo.InvariantCulture, $"{rule}: {(at == 1 ? "1 backup is" : $"{at} backups are")} newer"));
            }
        }
    }

    private static void ByAge(KeepRule rule, List<RetentionBackup> fitting, DateTimeOffset now, RuleVerdicts verdicts)
    {
        foreach (var backup in fitting)
        {
            if (now - backup.StopTime <= rule.Age)
            {
                verdicts.Keep(backup, $"{rule}: it ended within that time");
            }
            else
            {
                verdicts.Refuse(backup, $"{rule}: it ended earlier");
            }
        }
    }

    private static void ByPeriod(
        KeepRule rule, List<RetentionBackup> fitting, TimeZoneInfo zone, RuleVerdicts verdicts)
    {
        var noun = RetentionPeriod.Noun(rule.Kind);
        var newest = new Dictionary<string, RetentionBackup>(StringComparer.Ordinal);
        foreach (var backup in fitting)
        {
            var period = RetentionPeriod.Of(rule.Kind, backup.StopTime, zone);
            if (newest.TryGetValue(period, out var better))
            {
                verdicts.Refuse(backup, $"{rule}: {better.Id} is newer in the same {noun} {period}");
                continue;
            }

            newest.Add(period, backup);
            if (newest.Count <= rule.Count)
            {
                verdicts.Keep(backup, $"{rule}: the newest of the {noun} {period}");
            }
            else
            {
                verdicts.Refuse(backup, string.Create(
                    CultureInfo.InvariantCulture, $"{rule}: {(rule.Count == 1 ? $"a later {noun} has" : $"{rule.Count} later {noun}s have")} backups"));
            }
        }
    }
}

/// <summary>What rules say of backups, by id.</summary>
internal sealed class RuleVerdicts
{
    private readonly Dictionary<string, List<string>> _kept = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _refused = new(StringComparer.Ordinal);

    internal IReadOnlyList<string> For(RetentionBackup backup) => _kept.GetValueOrDefault(backup.Id, []);

    internal IReadOnlyList<string> Against(RetentionBackup backup) => _refused.GetValueOrDefault(backup.Id, []);

    internal void Keep(RetentionBackup backup, string reason) => Add(_kept, backup, reason);

    internal void Refuse(RetentionBackup backup, string reason) => Add(_refused, backup, reason);

    private static void Add(Dictionary<string, List<string>> to, RetentionBackup backup, string reason)
    {
        to.TryAdd(backup.Id, []);
        to[backup.Id].Add(reason);
    }
}
