namespace Lifeboat.Repository.Retention;

/// <summary>Every margin of the decision what goes, with its reason.</summary>
public static class RetentionMargins
{
    /// <summary>
    /// How far the clock may be ahead of everything that the repository holds. Beyond it time is taken to stand
    /// still: a
    /// clock that jumped, or backups that no longer come, must not make old backups older.
    /// </summary>
    public static readonly TimeSpan Silence = TimeSpan.FromDays(1);

    /// <summary>
    /// By how much the times of two backups may contradict the order of their WAL: hosts whose clocks differ a
    /// little, and
    /// backups that overlap.
    /// </summary>
    public static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Added to the window before a timeline is taken for left: by how much the store's clock, which says when its last
    /// segment came, may be behind the server's, which wrote the times in it.
    /// </summary>
    public static readonly TimeSpan TimelineLeft = TimeSpan.FromDays(1);

    /// <summary>In place of the window where there is none: how long a timeline that nothing kept lies on keeps its
    /// WAL.</summary>
    public static readonly TimeSpan WithoutWindow = TimeSpan.FromDays(7);

    /// <summary>
    /// A restored copy that was never backed up itself and has stored nothing for so long (or the window, when that
    /// is longer)
    /// is taken for given up: else every restore that was tried once would keep its source's WAL for ever.
    /// </summary>
    public static readonly TimeSpan CopyGivenUp = TimeSpan.FromDays(30);
}
