using System.Text.Json.Serialization;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.WalArchive;

/// <summary>What an archived WAL file says of itself (docs/format/wal-archive-v0.md).</summary>
/// <param name="File">Its name in pg_wal.</param>
/// <param name="Length">Bytes of the plaintext.</param>
/// <param name="Tag">Content tag of the plaintext, which is its hash under the cluster's tag key; also in the object's name.</param>
/// <param name="Predecessor">Content tag of the segment before it, when that was known at the push.</param>
/// <param name="Segment">What was read from it, when it is a segment.</param>
/// <param name="QuietAt">
/// A moment at which the server that wrote the segment had committed nothing behind it: what had been committed by then is
/// in it or before it. Null when something had been committed, or that was not known.
/// </param>
public sealed record WalFacts(
    string File,
    long Length,
    Id128 Tag,
    Id128? Predecessor,
    WalSegmentSummary? Segment,
    DateTimeOffset? QuietAt = null);

/// <summary>The light summary of one segment, from its own bytes alone.</summary>
/// <param name="Format">
/// 0, or 1 when a summary of changed blocks is stored beside it; a reader ignores a summary whose format it does not know.
/// </param>
/// <param name="FirstRecord">First record that begins in the segment.</param>
/// <param name="LastRecord">Last record that begins and ends in it.</param>
/// <param name="EndOfRecords">The position behind the last whole record.</param>
/// <param name="Commits">Commit records, prepared ones included.</param>
/// <param name="LeastFinishTime">Least time of a commit or abort.</param>
/// <param name="GreatestFinishTime">Greatest time of a commit or abort.</param>
/// <param name="LastCommitTime">Time of the last commit in WAL order.</param>
/// <param name="GreatestTime">Greatest time of any record that carries one, checkpoints included.</param>
/// <param name="LeastXid">Least transaction id that committed or aborted.</param>
/// <param name="GreatestXid">Greatest such id; both ignore wrap-around, so that they only narrow a search.</param>
/// <param name="RestorePoints">Named points whose record is whole in the segment.</param>
/// <param name="Continues">Whether a record goes on into the next segment.</param>
/// <param name="Unreadable">Why reading ended before the segment's end, when that is no ordinary end.</param>
/// <param name="ContinuesWith">
/// The resource manager's id of the record that goes on into the next segment, which neither segment's summary counts; null
/// when it cannot be told.
/// </param>
public sealed record WalSegmentSummary(
    int Format,
    Lsn? FirstRecord,
    Lsn? LastRecord,
    Lsn? EndOfRecords,
    long Commits,
    DateTimeOffset? LeastFinishTime,
    DateTimeOffset? GreatestFinishTime,
    DateTimeOffset? LastCommitTime,
    DateTimeOffset? GreatestTime,
    uint? LeastXid,
    uint? GreatestXid,
    RestorePointFacts[] RestorePoints,
    bool Continues,
    string? Unreadable,
    byte? ContinuesWith = null)
{
    /// <summary>The newest format that is known here.</summary>
    public const int NewestFormat = 1;

    /// <summary>Whether its members mean what they say here.</summary>
    [JsonIgnore]
    public bool IsKnown => Format is >= 0 and <= NewestFormat;
}

/// <summary>A named restore point: <paramref name="EndLsn"/> is where recovery stops for it.</summary>
public sealed record RestorePointFacts(string Name, Lsn Lsn, Lsn EndLsn, DateTimeOffset Time);
