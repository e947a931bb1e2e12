using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Server;

/// <summary>What a resident service works with.</summary>
public sealed record ServeOptions
{
    public const int DefaultSpoolMegabytes = 1024;

    /// <summary>More would not fit into the memory that the service may take, with segments of 16 MiB.</summary>
    public const int DefaultMostWorkers = 3;

    public required ServicePlaces Places { get; init; }

    public required IFileSystem Files { get; init; }

    /// <summary>Opens the repository and the cluster anew, at the beginning and after each change of place.</summary>
    public required Func<CancellationToken, Task<Cluster>> OpenAsync { get; init; }

    /// <summary>The repository's directory; null for a store that is no directory.</summary>
    public required string? LocalRepository { get; init; }

    /// <summary>Segments that are pushed, and that are fetched, at a time.</summary>
    public required int Workers { get; init; }

    /// <summary>Bytes that fetched segments may have, those under way included.</summary>
    public long SpoolBytes { get; init; } = (long)DefaultSpoolMegabytes << 20;

    /// <summary>Where health is served by HTTP; null: nowhere.</summary>
    public LoopbackAddress? Http { get; init; }

    /// <summary>What else the service does while a session lasts.</summary>
    public IReadOnlyList<Func<ServiceSession, IServiceDuty>> Duties { get; init; } = [];

    /// <summary>The host's name for the claim; null for this machine's.</summary>
    public string? Host { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>One line for the log; called by any thread.</summary>
    public required Action<string> Log { get; init; }
}
