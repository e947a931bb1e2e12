using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal;

/// <summary>One file from the archive: what PostgreSQL asks of <c>restore_command</c>.</summary>
public sealed record WalFetchRequest
{
    public required Cluster Cluster { get; init; }

    /// <summary>The file's name (%f).</summary>
    public required string Name { get; init; }

    /// <summary>Where PostgreSQL wants it (%p), relative to the working directory, or absolute.</summary>
    public required string Destination { get; init; }

    /// <summary>The data directory; null: found from the working directory or the destination.</summary>
    public string? ClusterDirectory { get; init; }

    public required IFileSystem Files { get; init; }

    /// <summary>Threads that unpack it.</summary>
    public int Workers { get; init; } = WalEncoding.DefaultWorkers;

    /// <summary>How long a transient failure is tried again before it counts.</summary>
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromSeconds(30);

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>How a fetch ended.</summary>
public enum WalFetchResult
{
    /// <summary>
    /// The file is at its destination, compared with its tag. It is durable there unless it has one of the names that
    /// PostgreSQL's recovery uses, under which it never takes what an earlier request left.
    /// </summary>
    Delivered,

    /// <summary>The repository was asked, and holds no such file for this server.</summary>
    Absent,
}

/// <param name="Object">What was delivered; null when absent.</param>
public sealed record WalFetchOutcome(WalFetchResult Result, WalObject? Object);
