namespace Lifeboat.Postgres.Format;

/// <summary>One line of a history file: where the history left a timeline, and why.</summary>
/// <param name="Timeline">The timeline that was left.</param>
/// <param name="SwitchPoint">The first position that is not on it any more.</param>
/// <param name="Reason">For people only; without a line break.</param>
public sealed record TimelineHistoryEntry(Timeline Timeline, Lsn SwitchPoint, string Reason);
