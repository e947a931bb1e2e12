using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>What to stream, from where, into which lineage.</summary>
public sealed record WalReceiveRequest
{
    /// <summary>
    /// At this interval one piece is cut while WAL keeps coming, so that a killed server costs no more than it and one put;
    /// each piece is an object of the repository.
    /// </summary>
    public static readonly TimeSpan DefaultFlushInterval = TimeSpan.FromMilliseconds(200);

    public required Cluster Cluster { get; init; }

    /// <summary>May name several hosts: after a failover the one that fits target_session_attrs is taken.</summary>
    public required ConnInfo ConnInfo { get; init; }

    public required SlotName Slot { get; init; }

    /// <summary>Make the slot when the server has none of this name.</summary>
    public bool CreateSlot { get; init; }

    /// <summary>
    /// Clients may wait for this receiver (synchronous_standby_names): each piece is put as soon as the one before is
    /// durable, whatever the interval.
    /// </summary>
    public bool Synchronous { get; init; }

    public TimeSpan FlushInterval { get; init; } = DefaultFlushInterval;

    /// <summary>
    /// The server's data directory, where the receiver runs on its host: the claim of <c>wal push</c> holds then. Null
    /// elsewhere.
    /// </summary>
    public string? ClusterDirectory { get; init; }

    /// <summary>Null: what the server's data directory says, asked through the server; else the cluster's first one.</summary>
    public Id128? Lineage { get; init; }

    /// <summary>Bytes of WAL held by the slot above which a warning is given; null for none.</summary>
    public long? SlotLimit { get; init; }

    /// <summary>Go on behind WAL that the server has removed and that is not archived.</summary>
    public bool SkipMissing { get; init; }

    /// <summary>Of zstd.</summary>
    public int CompressionLevel { get; init; } = WalPushRequest.DefaultCompressionLevel;

    public required IFileSystem Files { get; init; }

    /// <summary>The host's name for the claim; null for this machine's.</summary>
    public string? Host { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told what happens, from any thread; must not throw.</summary>
    public Action<WalReceiveEvent> Report { get; init; } = static _ => { };

    /// <summary>By which the server knows this receiver.</summary>
    public string ApplicationName => ConnInfo.ApplicationName ?? Slot.ToString();
}
