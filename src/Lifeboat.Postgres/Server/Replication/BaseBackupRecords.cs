using Lifeboat.Postgres.Format;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>What is asked of BASE_BACKUP.</summary>
/// <param name="Label">Ends up in backup_label.</param>
/// <param name="Fast">A checkpoint at once, instead of one spread over checkpoint_completion_target.</param>
public sealed record BaseBackupRequest(string Label, bool Fast)
{
    /// <summary>
    /// The command as this major takes it. The server verifies pages too: only it can read a torn one once more.
    /// </summary>
    internal string Command(int major)
    {
        var label = "'" + Label.Replace("'", "''", StringComparison.Ordinal) + "'";
        return major >= 15
            ? $"BASE_BACKUP (LABEL {label}, PROGRESS, CHECKPOINT '{(Fast ? "fast" : "spread")}', WAIT false, TABLESPACE_MAP,"
                + " MANIFEST 'yes', MANIFEST_CHECKSUMS 'CRC32C')"
            : $"BASE_BACKUP LABEL {label} PROGRESS {(Fast ? "FAST " : "")}NOWAIT TABLESPACE_MAP MANIFEST 'yes'"
                + " MANIFEST_CHECKSUMS 'CRC32C'";
    }
}

/// <summary>A tablespace of a base backup, or the data directory itself.</summary>
/// <param name="Oid">Null for the data directory.</param>
/// <param name="Location">Null for the data directory.</param>
/// <param name="Bytes">As the server estimates.</param>
public sealed record BaseBackupTablespace(uint? Oid, string? Location, long Bytes);

/// <summary>One of the archives of a base backup, or its manifest.</summary>
/// <param name="Tablespace">Whose files it has; null for the manifest.</param>
public sealed record BaseBackupArchive(BaseBackupTablespace? Tablespace)
{
    public bool IsManifest => Tablespace is null;
}

/// <summary>How a base backup ended.</summary>
/// <param name="Stop">It is consistent once WAL up to here is replayed.</param>
/// <param name="ServerFoundDamage">The server found pages whose checksum does not hold.</param>
public sealed record BaseBackupEnd(Lsn Stop, Timeline Timeline, bool ServerFoundDamage);
