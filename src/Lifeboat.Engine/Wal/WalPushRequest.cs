using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Wal;

/// <summary>One file for the archive: what PostgreSQL asks of <c>archive_command</c>.</summary>
public sealed record WalPushRequest
{
    /// <summary>
    /// Measured on 16 MiB of pgbench's WAL: level 3 takes nearly twice the time of level 1 for a few percent of the size,
    /// and the archiver waits for each segment.
    /// </summary>
    public const int DefaultCompressionLevel = 1;

    public required Cluster Cluster { get; init; }

    /// <summary>As PostgreSQL gives it (%p): relative to the working directory, or absolute.</summary>
    public required string Path { get; init; }

    /// <summary>The data directory; null: found from the working directory or the path.</summary>
    public string? ClusterDirectory { get; init; }

    public required IFileSystem Files { get; init; }

    /// <summary>Of zstd.</summary>
    public int CompressionLevel { get; init; } = DefaultCompressionLevel;

    /// <summary>The host's name for the claim; null for this machine's.</summary>
    public string? Host { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
