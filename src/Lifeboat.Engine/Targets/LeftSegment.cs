using Lifeboat.Postgres.Format;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Targets;

/// <summary>
/// The segment in which a recovery ends, as the timeline left it that recovery is still on there. Of the segment in which a
/// newer timeline began, recovery reads the newer one's file; but a transaction that is prepared at the end it looks up in
/// the file of the timeline of what it replayed last (XlogReadTwoPhaseData, read_local_xlog_page), and only in pg_wal.
/// </summary>
/// <param name="Name">As it must be called in pg_wal.</param>
/// <param name="Source">The newer timeline's file, which begins with the same bytes.</param>
/// <param name="Length">How many bytes of it are the older timeline's.</param>
public sealed record LeftSegment(WalSegmentName Name, WalObject Source, int Length);
