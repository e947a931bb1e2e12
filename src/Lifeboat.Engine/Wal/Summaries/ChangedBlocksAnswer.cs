using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal.Changes;

namespace Lifeboat.Engine.Wal.Summaries;

/// <summary>Why it cannot be told what changed.</summary>
public enum ChangesUnknown
{
    /// <summary>The one position does not lie before the other in the history of the timeline.</summary>
    NotInHistory,

    /// <summary>A segment is neither archived nor in pg_wal.</summary>
    Missing,

    /// <summary>Several contents are archived under one name.</summary>
    Conflict,

    /// <summary>A segment is archived and damaged.</summary>
    Damaged,

    /// <summary>The WAL cannot be read through: it ends, is no WAL, or its segments do not fit to each other.</summary>
    Broken,

    /// <summary>The end lies behind what the server has flushed.</summary>
    NotFlushed,

    /// <summary>wal_level was minimal on the way.</summary>
    MinimalWalLevel,

    /// <summary>A record changes files in a way that is not known here.</summary>
    NotUnderstood,
}

/// <summary>What changed, or why that cannot be told. Never a part of what changed.</summary>
public abstract record ChangedBlocksAnswer
{
    private ChangedBlocksAnswer()
    {
    }

    /// <summary>
    /// All changes. wal_level before the first record that tells it is not known to be above minimal: a backup cannot
    /// begin at minimal, so that it is when the stretch begins with one.
    /// </summary>
    public sealed record Known(WalChanges Changes, ChangedBlocksSources Sources) : ChangedBlocksAnswer;

    /// <param name="Cause">A sentence fragment.</param>
    /// <param name="Segment">The segment at which it lies; null when it is at none.</param>
    public sealed record Unknown(ChangesUnknown Reason, string Cause, WalSegmentName? Segment) : ChangedBlocksAnswer;
}

/// <summary>Where the answer came from, in segments.</summary>
/// <param name="Catalogs">By catalogs of 256.</param>
/// <param name="Stored">By the summaries stored with them.</param>
/// <param name="Rebuilt">Read through, since they had no summary, or none that could be used.</param>
/// <param name="Clipped">Read through, since only a part of them counts.</param>
/// <param name="Live">From pg_wal.</param>
/// <param name="Edges">Records over an edge that had to be read from the segments.</param>
public readonly record struct ChangedBlocksSources(
    int Catalogs, int Stored, int Rebuilt, int Clipped, int Live, int Edges);
