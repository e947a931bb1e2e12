namespace Lifeboat.Postgres.Format;

/// <summary>A stretch of WAL on one timeline.</summary>
/// <param name="Start">The first position of it.</param>
/// <param name="End">The first position behind it.</param>
public readonly record struct WalRange(Timeline Timeline, Lsn Start, Lsn End);
