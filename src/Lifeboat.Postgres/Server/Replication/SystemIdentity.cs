using Lifeboat.Postgres.Format;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>What IDENTIFY_SYSTEM answers.</summary>
/// <param name="SystemIdentifier">As in pg_control.</param>
/// <param name="Timeline">The one that the server writes; on a standby the one that it follows.</param>
/// <param name="Flushed">How far its WAL is durable there: nothing behind it is sent.</param>
public sealed record SystemIdentity(ulong SystemIdentifier, Timeline Timeline, Lsn Flushed);
