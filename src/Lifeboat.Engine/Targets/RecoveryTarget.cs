using Lifeboat.Postgres.Format;

namespace Lifeboat.Engine.Targets;

/// <summary>Which kind of point a recovery goes to; each is PostgreSQL's <c>recovery_target…</c> of the same name.</summary>
public enum RecoveryTargetKind
{
    /// <summary>All that is archived.</summary>
    Latest,

    /// <summary>As soon as the backup is consistent.</summary>
    Immediate,
    Time,
    Lsn,
    Xid,
    Name,
}

/// <summary>What the server does when the target is reached: <c>recovery_target_action</c>.</summary>
public enum RecoveryTargetAction
{
    Promote,
    Pause,
    Shutdown,
}

/// <summary>The point asked for, as the user gave it.</summary>
public sealed record RecoveryTarget
{
    public required RecoveryTargetKind Kind { get; init; }

    public DateTimeOffset? Time { get; init; }

    public Lsn? Lsn { get; init; }

    public uint? Xid { get; init; }

    public string? Name { get; init; }

    /// <summary>Stop just before the target: <c>recovery_target_inclusive = off</c>. For time, LSN and xid.</summary>
    public bool Exclusive { get; init; }

    /// <summary>The timeline to follow; null: the newest that descends from the backup's.</summary>
    public Timeline? Timeline { get; init; }

    public RecoveryTargetAction Action { get; init; }

    public static RecoveryTarget Latest { get; } = new() { Kind = RecoveryTargetKind.Latest };
}
