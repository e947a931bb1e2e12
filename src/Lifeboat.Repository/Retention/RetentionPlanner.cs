using System.Globalization;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Retention;

/// <summary>
/// Decides what stays and what goes. Pure: facts and a policy in, a plan out; the same for facts in any order. What
/// is kept
/// and what may go is defined in docs/using/retention.md.
/// </summary>
/// <remarks>
/// Everything that keeps is a union: a backup goes only when nothing at all speaks for it. So a rule more never removes
/// more, and to plan again after a plan was carried out removes nothing more.
/// </remarks>
public static class RetentionPlanner
{
    public static RetentionPlan Plan(RetentionFacts facts, RetentionPolicy policy)
    {
        if (policy.Rules.Count == 0 && policy.Window is null)
        {
            throw new ArgumentException("without a rule and without a window everything would be removed", nameof(policy));
        }

        if (policy.Minimum < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(policy), policy.Minimum, "at least one backup must stay");
        }

        var now = facts.Now;
        var clock = ClockDoubts.Find(facts);
        var outlooks = facts.Lineages.OrderBy(lineage => lineage.Id)
            .Select(lineage => new LineageOutlook(lineage, facts)).ToList();
        var reasons = facts.Backups.ToDictionary(
            backup => backup.Id, _ => new List<string>(), StringComparer.Ordinal);
        var against = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

        AddGeneral(facts, policy, now, clock, reasons);
        foreach (var lineage in facts.Backups.GroupBy(backup => backup.Lineage))
        {
            AddRules([.. lineage], policy, now, clock, reasons, against);
            AddMinimum([.. lineage], policy, clock, reasons);
        }

        var warnings = new List<string>();
        AddBases(outlooks, policy, now, clock, reasons, warnings);
        var ordered = facts.Backups.OrderBy(backup => backup.StopTime)
            .ThenBy(backup => backup.Id, StringComparer.Ordinal).ToList();
        var keep = ordered.Where(backup => reasons[backup.Id].Count > 0).ToList();
        var wal = WalDecision.Of(outlooks, keep, facts, policy, now, clock);
        AddWarnings(facts, now, warnings);
        var plan = new RetentionPlan(
            now,
            [.. keep.Select(backup => new BackupDecision(backup, [.. reasons[backup.Id].Distinct()]))],
            [
                .. ordered.Where(backup => reasons[backup.Id].Count == 0)
                    .Select(backup => new BackupDecision(backup, Against(backup, against))),
            ],
            wal.Kept,
            wal.Going,
            warnings);
        RetentionProof.Require(facts, policy, plan);
        return plan;
    }

    private static void AddGeneral(
        RetentionFacts facts,
        RetentionPolicy policy,
        DateTimeOffset now,
        IReadOnlyDictionary<string, string> clock,
        Dictionary<string, List<string>> reasons)
    {
        var known = facts.Lineages.Select(lineage => lineage.Id).ToHashSet();
        foreach (var backup in facts.Backups)
        {
            var its = reasons[backup.Id];
            if (facts.Doubts.Count > 0)
            {
                its.Add($"nothing is removed while something cannot be read: {facts.Doubts[0]}");
            }

            if (!known.Contains(backup.Lineage))
            {
                its.Add("the record of its lineage is missing, so that it is not known what needs it");
            }

            if (backup.Pin is { } pin && pin.HoldsAt(now))
            {
                its.Add($"pinned{(pin.Until is { } end ? $" until {Time(end)}" : "")}: {pin.Reason}");
            }

            if (clock.TryGetValue(backup.Id, out var doubt))
            {
                its.Add(doubt);
            }

            if (policy.MinimumAge > TimeSpan.Zero && now - backup.StopTime < policy.MinimumAge)
            {
                its.Add($"it is younger than {RetentionAge.Text(policy.MinimumAge)} (--minimum-age)");
            }

            if (policy.OnlyTag is { } tag && !backup.Tags.Contains(tag, StringComparer.Ordinal))
            {
                its.Add($"it does not have the tag {tag} (--tag)");
            }
        }
    }

    /// <summary>
    /// The rules are asked twice: among the complete backups, so that one that cannot be restored takes no place; and
    /// among
    /// all, so that one is not removed for its missing WAL alone, which may still come.
    /// </summary>
    private static void AddRules(
        List<RetentionBackup> lineage,
        RetentionPolicy policy,
        DateTimeOffset now,
        IReadOnlyDictionary<string, string> clock,
        Dictionary<string, List<string>> reasons,
        Dictionary<string, IReadOnlyList<string>> against)
    {
        var trusted = NewestFirst(lineage.Where(backup => !clock.ContainsKey(backup.Id)));
        var complete = RuleSelection.Of([.. trusted.Where(backup => backup.IsComplete)], policy, now);
        var all = RuleSelection.Of(trusted, policy, now);
        foreach (var backup in trusted)
        {
            reasons[backup.Id].AddRange(complete.For(backup));
            reasons[backup.Id].AddRange(all.For(backup));
            against[backup.Id] = backup.IsComplete ? complete.Against(backup) : all.Against(backup);
        }
    }

    private static void AddMinimum(
        List<RetentionBackup> lineage,
        RetentionPolicy policy,
        IReadOnlyDictionary<string, string> clock,
        Dictionary<string, List<string>> reasons)
    {
        var complete = NewestFirst(lineage.Where(backup => backup.IsComplete && !clock.ContainsKey(backup.Id)));
        if (complete.Count < policy.Minimum)
        {
            foreach (var backup in lineage)
            {
                reasons[backup.Id].Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"its lineage has only {complete.Count} complete backups, and {policy.Minimum} must stay (--minimum)"));
            }

            return;
        }

        foreach (var backup in complete.Take(policy.Minimum))
        {
            reasons[backup.Id].Add(policy.Minimum == 1
                ? "the newest complete backup always stays (--minimum 1)"
                : string.Create(
                    CultureInfo.InvariantCulture, $"the newest {policy.Minimum} complete backups always stay (--minimum)"));
        }
    }

    /// <summary>
    /// From each timeline in use the window is reached from its base, and where there is no window at least its end
    /// is. The
    /// rules look at lineages; of a timeline that a failover began they may not keep the backup that leads to it.
    /// </summary>
    private static void AddBases(
        List<LineageOutlook> outlooks,
        RetentionPolicy policy,
        DateTimeOffset now,
        IReadOnlyDictionary<string, string> clock,
        Dictionary<string, List<string>> reasons,
        List<string> warnings)
    {
        foreach (var outlook in outlooks)
        {
            foreach (var path in outlook.Paths.Where(path => outlook.IsLive(path, policy, now)))
            {
                var first = WindowBase.Of(
                    outlook.On(path), now - (policy.Window ?? TimeSpan.Zero), backup => !clock.ContainsKey(backup.Id));
                if (policy.Window is { } window)
                {
                    AddWindow(outlook, path, first, RetentionAge.Text(window), reasons, warnings);
                }
                else if (first.Backup is { } newest)
                {
                    reasons[newest.Id].Add($"from it recovery comes to the end of timeline {path.Timeline}");
                }
            }
        }
    }

    private static void AddWindow(
        LineageOutlook outlook,
        TimelineStretches path,
        WindowBase first,
        string window,
        Dictionary<string, List<string>> reasons,
        List<string> warnings)
    {
        if (first is { Backup: { } oldest, ReachesBack: false })
        {
            warnings.Add($"the window of {window} is longer than the history of timeline {path.Timeline} in lineage "
                + $"{outlook.Lineage.Id}, which begins at {Time(oldest.StopTime)}: nothing of it is removed");
        }

        foreach (var backup in outlook.On(path))
        {
            if (first.Backup is not { } begin || backup.StopLsn > begin.StopLsn)
            {
                reasons[backup.Id].Add($"within the window of {window}");
            }
            else if (backup == begin || (!first.ReachesBack && !backup.IsComplete))
            {
                reasons[backup.Id].Add($"the window of {window} begins with it");
            }
        }
    }

    private static void AddWarnings(RetentionFacts facts, DateTimeOffset now, List<string> warnings)
    {
        warnings.AddRange(facts.Doubts.Select(doubt => $"nothing is removed: {doubt}"));
        if (now < facts.Clock)
        {
            warnings.Add($"this machine's clock says {Time(facts.Clock)}, and nothing was stored since "
                + $"{Time(now - RetentionMargins.Silence)}: ages are counted from {Time(now)}");
        }

        warnings.AddRange(facts.Backups.Where(backup => !backup.IsComplete).OrderBy(backup => backup.Id, StringComparer.Ordinal)
            .Select(backup => $"{backup.Id} cannot be restored: {backup.Incomplete}"));
    }

    private static IReadOnlyList<string> Against(
        RetentionBackup backup, Dictionary<string, IReadOnlyList<string>> against)
    {
        var said = against.GetValueOrDefault(backup.Id, []);
        return said.Count > 0 ? said : ["no rule keeps it"];
    }

    private static List<RetentionBackup> NewestFirst(IEnumerable<RetentionBackup> backups) =>
    [
        .. backups.OrderByDescending(backup => backup.StopTime).ThenByDescending(backup => backup.StopLsn)
            .ThenByDescending(backup => backup.Id, StringComparer.Ordinal),
    ];

    internal static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'+00'", CultureInfo.InvariantCulture);
}
