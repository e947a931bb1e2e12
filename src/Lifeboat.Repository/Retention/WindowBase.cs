namespace Lifeboat.Repository.Retention;

/// <summary>
/// The backup from which every point of the window on one timeline can be reached: the newest complete one that ended
/// before the window begins; where there is none, the oldest complete one, and the window is as long as the history.
/// </summary>
/// <param name="Backup">Null when no complete backup lies on the timeline: then all of its WAL is kept.</param>
/// <param name="ReachesBack">Whether it ended before the window begins.</param>
internal sealed record WindowBase(RetentionBackup? Backup, bool ReachesBack)
{
    /// <param name="onPath">The backups on the timeline, by position.</param>
    /// <param name="isTrusted">Whether the times of a backup can be believed: one that lies is no base.</param>
    internal static WindowBase Of(
        IEnumerable<RetentionBackup> onPath, DateTimeOffset begin, Func<RetentionBackup, bool> isTrusted)
    {
        var complete = onPath.Where(backup => backup.IsComplete).ToList();
        return complete.LastOrDefault(backup => backup.StopTime <= begin && isTrusted(backup)) is { } found
            ? new WindowBase(found, ReachesBack: true)
            : new WindowBase(complete.FirstOrDefault(), ReachesBack: false);
    }
}
