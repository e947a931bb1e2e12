namespace Lifeboat.Repository.Retention;

/// <summary>Backups whose times cannot be believed. They stay, and are no reason to remove another.</summary>
internal static class ClockDoubts
{
    /// <summary>What is wrong with the time of a backup, in words, by its id.</summary>
    internal static IReadOnlyDictionary<string, string> Find(RetentionFacts facts)
    {
        var doubts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var backup in facts.Backups.Where(backup => backup.StopTime > facts.Clock))
        {
            doubts[backup.Id] = "it ended in the future by this machine's clock: one of the two clocks is wrong";
        }

        // Along one timeline the WAL tells the true order.
        var timelines = facts.Backups.Where(backup => !doubts.ContainsKey(backup.Id))
            .GroupBy(backup => (backup.Lineage, backup.Timeline))
            .ToList();
        foreach (var timeline in timelines)
        {
            var ordered = timeline.OrderBy(backup => backup.StopLsn)
                .ThenBy(backup => backup.StopTime).ThenBy(backup => backup.Id, StringComparer.Ordinal).ToList();
            Compare(ordered, doubts);
        }

        return doubts;
    }

    private static void Compare(List<RetentionBackup> ordered, Dictionary<string, string> doubts)
    {
        RetentionBackup? latest = null;
        foreach (var backup in ordered)
        {
            if (latest is not null && latest.StopTime - backup.StopTime > RetentionMargins.ClockDifference)
            {
                doubts.TryAdd(backup.Id, $"it ended earlier than {latest.Id}, which lies before it in the WAL: a clock was "
                    + "wrong; 'lifeboat expire' removes the one whose time is");
            }

            latest = latest is null || backup.StopTime > latest.StopTime ? backup : latest;
        }

        RetentionBackup? earliest = null;
        foreach (var backup in Enumerable.Reverse(ordered))
        {
            if (earliest is not null && backup.StopTime - earliest.StopTime > RetentionMargins.ClockDifference)
            {
                doubts.TryAdd(backup.Id, $"it ended later than {earliest.Id}, which lies behind it in the WAL: a clock was "
                    + "wrong; 'lifeboat expire' removes the one whose time is");
            }

            earliest = earliest is null || backup.StopTime < earliest.StopTime ? backup : earliest;
        }
    }
}
