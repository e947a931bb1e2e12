namespace Lifeboat.Engine.Backup.Physical;

/// <summary>What a backup is asked to read.</summary>
public enum BackupKind
{
    /// <summary>Everything.</summary>
    Full,

    /// <summary>What changed since an earlier backup; where the WAL does not tell that, everything, to compare it.</summary>
    Incremental,

    /// <summary>What changed, where the WAL tells that; a full backup elsewhere.</summary>
    Auto,
}
