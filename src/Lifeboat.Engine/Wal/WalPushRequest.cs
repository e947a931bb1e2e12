using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal;

/// <summary>One file for the archive: what PostgreSQL asks of <c>archive_command</c>.</summary>
public sealed record WalPushRequest
{
    /// <summary>
    /// The archiver waits for each segment, so that speed goes first. Measured on 16 MiB of pgbench's WAL, the whole push:
    /// level 1 0.38 to 0.43 s and 1.97 MB, level 3 0.45 to 0.66 s and 1.59 MB.
    /// </summary>
    public const int DefaultCompressionLevel = 1;

    public required Cluster Cluster { get; init; }

    /// <summary>As PostgreSQL gives it (%p): relative to the working directory, or absolute.</summary>
    public required string Path { get; init; }

    /// <summary>The data directory; null: found from the working directory or the path.</summary>
    public string? ClusterDirectory { get; init; }

    public required IFileSystem Files { get; init; }

    /// <summary>The file is a segment of the parent timeline, and the same on every server of it.</summary>
    internal bool IsLeftBehind { get; init; }

    /// <summary>Of zstd.</summary>
    public int CompressionLevel { get; init; } = DefaultCompressionLevel;

    /// <summary>Threads that compress it.</summary>
    public int Workers { get; init; } = WalEncoding.DefaultWorkers;

    /// <summary>The host's name for the claim; null for this machine's.</summary>
    public string? Host { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
