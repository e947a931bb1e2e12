using Lifeboat.Engine.Targets;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Restore;

/// <summary>A recovery of a whole cluster into a directory.</summary>
public sealed record RestoreRequest
{
    public required Cluster Cluster { get; init; }

    /// <summary>Where to; it must not exist or be empty, unless <see cref="Delta"/>.</summary>
    public required string Directory { get; init; }

    /// <summary>Whether the directory may hold the cluster in another state: only what differs is written then.</summary>
    public bool Delta { get; init; }

    /// <summary>Id, beginning of an id, or <c>latest</c>; null: the newest backup that the target allows.</summary>
    public string? Backup { get; init; }

    /// <summary>The lineage to follow; null: the backup's, and without one that of the cluster's first server.</summary>
    public Id128? Lineage { get; init; }

    public required RecoveryTarget Target { get; init; }

    /// <summary>New locations of tablespaces, by oid or by old location.</summary>
    public IReadOnlyDictionary<string, string> TablespaceMap { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>A folder below which every tablespace that is not mapped gets a folder named by its oid.</summary>
    public string? TablespaceRoot { get; init; }

    /// <summary>Workers.</summary>
    public int Jobs { get; init; } = Environment.ProcessorCount;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The value of <c>restore_command</c>, with %f and %p.</summary>
    public required string RestoreCommand { get; init; }
}
