using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Wal.Show;

/// <summary>Which archived WAL is to be shown: one file, or a stretch of positions.</summary>
public sealed record WalShowRequest
{
    public required Cluster Cluster { get; init; }

    /// <summary>The name of a segment or of a <c>.partial</c> file; null for a stretch.</summary>
    public string? File { get; init; }

    /// <summary>The first record that begins here or behind it. Needed for a stretch.</summary>
    public Lsn? From { get; init; }

    /// <summary>Records that end here or before it; null: as far as the archive goes on without a gap.</summary>
    public Lsn? To { get; init; }

    /// <summary>The timeline along which a stretch is read; null: the newest that is archived.</summary>
    public Timeline? Timeline { get; init; }

    /// <summary>Null: that of the server for which the cluster was made.</summary>
    public Id128? Lineage { get; init; }
}

/// <summary>How the showing ended.</summary>
/// <param name="Records">How many were shown.</param>
/// <param name="End">Where the last one shown ends; null when there was none.</param>
/// <param name="GoesOn">The record behind them that is not whole in what was read; null when there is none.</param>
/// <param name="Reason">Why no record follows, when that is no ordinary end; else empty.</param>
public sealed record WalShowReport(long Records, Lsn? End, Lsn? GoesOn, string Reason);
