namespace Lifeboat.Postgres.Format;

/// <summary>A stretch of WAL on one timeline, from <paramref name="Start"/> up to, and without, <paramref name="End"/>.</summary>
public readonly record struct WalRange(Timeline Timeline, Lsn Start, Lsn End);
