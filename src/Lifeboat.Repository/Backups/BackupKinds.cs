namespace Lifeboat.Repository.Backups;

/// <summary>Values of <see cref="BackupManifest.Kind"/>.</summary>
public static class BackupKinds
{
    /// <summary>Everything was read, and the map stands by itself.</summary>
    public const string Full = "full";

    /// <summary>The map was laid over that of an earlier backup. It restores by itself all the same.</summary>
    public const string Incremental = "incremental";
}

/// <summary>Values of <see cref="BackupManifest.Method"/>.</summary>
public static class BackupMethods
{
    /// <summary>All files were read.</summary>
    public const string Files = "files";

    /// <summary>The server sent all files over a replication connection.</summary>
    public const string Stream = "stream";

    /// <summary>The WAL told which blocks of relations had changed; the rest was not read.</summary>
    public const string Wal = "wal";

    /// <summary>All files were read, and their pages compared with the tags of the earlier backup.</summary>
    public const string Tags = "tags";
}
