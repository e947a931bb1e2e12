using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>A backup of a running server from the files of its data directory.</summary>
public sealed record PhysicalBackupRequest
{
    /// <summary>Where it goes.</summary>
    public required Cluster Cluster { get; init; }

    /// <summary>The data directory on this host; null: where the server says that it is.</summary>
    public string? ClusterDirectory { get; init; }

    /// <summary>The server that runs on it.</summary>
    public required ConnInfo Connection { get; init; }

    public BackupKind Kind { get; init; } = BackupKind.Full;

    /// <summary>Free text, recorded.</summary>
    public string? Reason { get; init; }

    /// <summary>By which retention rules choose it; each valid (<see cref="Repository.Backups.BackupTag"/>).</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Workers; each reads, verifies, compresses and writes.</summary>
    public int Jobs { get; init; } = Environment.ProcessorCount;

    /// <summary>Store everything, also what the repository holds already: for when that is damaged.</summary>
    public bool StoreAnew { get; init; }

    /// <summary>Of zstd.</summary>
    public int CompressionLevel { get; init; } = 3;

    /// <summary>How long to wait for the archiver to deliver the WAL that the backup needs.</summary>
    public TimeSpan ArchiveTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether the checkpoint at the start is spread out rather than done at once.</summary>
    public bool SpreadCheckpoint { get; init; }

    /// <summary>Version of the program, recorded.</summary>
    public required string Program { get; init; }

    public IFileSystem Files { get; init; } = PosixFileSystem.Instance;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
