using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Targets;

/// <summary>How far a search came, and what it met.</summary>
internal sealed class WalSearchResult
{
    /// <summary>Where the target ends recovery; null when nothing archived does.</summary>
    internal RecoveryStop? Stop { get; set; }

    /// <summary>The last whole record seen, by summaries or exactly; a recovery can reach it.</summary>
    internal Lsn? LastRecord { get; private set; }

    /// <summary>Where that record ends.</summary>
    internal Lsn? EndOfRecords { get; private set; }

    internal DateTimeOffset? LastCommit { get; private set; }

    /// <summary>The greatest time up to which something shows that no commit lacks.</summary>
    internal DateTimeOffset? GreatestTime { get; private set; }

    internal WalSegmentName? LastSegment { get; private set; }

    /// <summary>Why the WAL ends where it does, as a sentence fragment.</summary>
    internal string Break { get; set; } = "";

    /// <summary>Nothing behind the segment can be replayed.</summary>
    internal bool IsAtEnd { get; private set; }

    internal List<(WalSegmentName Segment, RestorePointFacts Point)> RestorePoints { get; } = [];

    internal void Take(WalSegmentName name, WalSegmentSummary? summary)
    {
        LastSegment = name;
        if (summary is null)
        {
            return;
        }

        if (summary.LastRecord is { } last && !(LastRecord >= last))
        {
            LastRecord = last;
            EndOfRecords = summary.EndOfRecords;
        }

        LastCommit = summary.LastCommitTime ?? LastCommit;
        GreatestTime = summary.GreatestTime is { } time && !(GreatestTime >= time) ? time : GreatestTime;
        RestorePoints.AddRange(summary.RestorePoints.Select(point => (name, point)));
        if (summary.Unreadable is { } reason)
        {
            EndAt(name, reason);
        }
    }

    internal void TakeQuiet(DateTimeOffset? quiet) =>
        GreatestTime = quiet is { } time && !(GreatestTime >= time) ? time : GreatestTime;

    internal void TakeRecord(in WalRecord record)
    {
        if (!(LastRecord >= record.Lsn))
        {
            LastRecord = record.Lsn;
            EndOfRecords = record.EndLsn;
        }
    }

    internal void EndAt(WalSegmentName name, string reason)
    {
        IsAtEnd = true;
        Break = $"segment {name} can only be read in part ({reason})";
    }
}
