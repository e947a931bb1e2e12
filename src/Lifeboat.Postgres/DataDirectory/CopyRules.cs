using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Manifest;

namespace Lifeboat.Postgres.DataDirectory;

/// <summary>
/// What a base backup copies, empties and leaves out: the lists and the order of questions of basebackup.c, sendDir
/// and sendTablespace, of the same major. Names only; whether a thing is a file, a directory or a link is the caller's
/// to see.
/// </summary>
/// <remarks>
/// Different from basebackup.c on purpose: directories are emptied only in the root, not wherever their name comes up
/// again, and <see cref="LineageMarker"/> is left out.
/// </remarks>
public sealed class CopyRules
{
    /// <summary>
    /// The file in the root by which a data directory knows its lineage. A copy is another one: it goes without.
    /// </summary>
    public const string LineageMarker = "lifeboat.lineage";

    /// <summary>How the names of files begin that mark a directory in which a restore works, or has died.</summary>
    public const string RestoreMark = "lifeboat.restoring";

    private const string WalDirectory = "pg_wal";
    private const string TablespaceDirectory = "pg_tblspc";
    private const string TemporaryPrefix = "pgsql_tmp";
    private const string RelationCachePrefix = "pg_internal.init";
    private const int FirstMajorWithSummaries = 17;

    private static readonly HashSet<string> EmptiedDirectories = new(StringComparer.Ordinal)
    {
        WalDirectory, "pg_stat_tmp", "pg_replslot", "pg_dynshmem", "pg_notify", "pg_serial", "pg_snapshots",
        "pg_subtrans",
    };

    private static readonly HashSet<string> SkippedFiles = new(StringComparer.Ordinal)
    {
        "postgresql.auto.conf.tmp", "current_logfiles.tmp", "postmaster.pid", "postmaster.opts",
        BackupLabel.FileName, TablespaceMap.FileName, BackupManifest.FileName, ".DS_Store",
    };

    private readonly string _versionDirectory;
    private readonly string? _statisticsDirectory;
    private readonly int _major;

    /// <param name="control">The cluster's control file: rules differ between majors.</param>
    /// <param name="statisticsDirectory">
    /// stats_temp_directory (13 and 14) when it lies inside the data directory, relative to it; its contents are left
    /// out.
    /// </param>
    public CopyRules(ControlFile control, string? statisticsDirectory = null)
        : this(control.Major, control.CatalogVersion, statisticsDirectory)
    {
    }

    public CopyRules(int major, uint catalogVersion, string? statisticsDirectory = null)
    {
        _major = major;
        _versionDirectory = new TablespaceVersionDirectory(major, catalogVersion).ToString();
        _statisticsDirectory = statisticsDirectory;
    }

    /// <summary>Directories that exist, empty, inside an emptied one; most have none.</summary>
    public IReadOnlyList<string> KeptInside(string emptiedDirectory) => emptiedDirectory switch
    {
        WalDirectory when _major >= FirstMajorWithSummaries => ["archive_status", "summaries"],
        WalDirectory => ["archive_status"],
        _ => [],
    };

    /// <summary>
    /// Judges all names of one directory. They are judged together, since an unlogged relation is told by the init fork
    /// beside it; read the directory once, so that a relation that goes away meanwhile is not taken for a logged one.
    /// </summary>
    /// <param name="directory">Relative to the data directory; empty for its root. Never an emptied one.</param>
    /// <param name="names">The names in it, in any order.</param>
    public IEnumerable<KeyValuePair<string, CopyVerdict>> Judge(string directory, IReadOnlyCollection<string> names)
    {
        var ofDatabase = RelationDirectory.TryParse(directory, out var relations) && relations.IsOfDatabase;
        var unlogged = ofDatabase ? UnloggedRelations(names) : null;
        foreach (var name in names)
        {
            yield return new KeyValuePair<string, CopyVerdict>(name, Judge(directory, name, unlogged));
        }
    }

    /// <summary>
    /// Whether a file consists of pages with checksums when the cluster has them: relations under base, global and
    /// pg_tblspc. Among them pg_control, pg_filenode.map, PG_VERSION and pg_internal.init have none (basebackup.c).
    /// </summary>
    public static bool HasPageChecksums(ReadOnlySpan<char> path) =>
        RelationFilePath.TryParse(path, out var relation) && !relation.File.IsTemporary;

    private static HashSet<uint> UnloggedRelations(IReadOnlyCollection<string> names)
    {
        var unlogged = new HashSet<uint>();
        foreach (var name in names)
        {
            if (RelationFileName.TryParse(name, out var file)
                && file is { Fork: ForkNumber.Init, Segment: 0, IsTemporary: false })
            {
                unlogged.Add(file.RelFileNumber);
            }
        }

        return unlogged;
    }

    private CopyVerdict Judge(string directory, string name, HashSet<uint>? unlogged)
    {
        if (name.StartsWith(TemporaryPrefix, StringComparison.Ordinal)
            || name.StartsWith(RelationCachePrefix, StringComparison.Ordinal)
            || SkippedFiles.Contains(name))
        {
            return CopyVerdict.Skip;
        }

        if (unlogged is not null && RelationFileName.TryParse(name, out var file))
        {
            var isReset = file.Fork != ForkNumber.Init && unlogged.Contains(file.RelFileNumber);
            return isReset || file.IsTemporary ? CopyVerdict.Skip : CopyVerdict.Copy;
        }

        if (directory.Length == 0)
        {
            return JudgeInRoot(name);
        }

        if (_statisticsDirectory is not null && $"{directory}/{name}" == _statisticsDirectory)
        {
            return CopyVerdict.Empty;
        }

        if (directory == "global" && name == "pg_control")
        {
            return CopyVerdict.CopyLast;
        }

        return IsTablespace(directory) && name != _versionDirectory ? CopyVerdict.Skip : CopyVerdict.Copy;
    }

    private CopyVerdict JudgeInRoot(string name)
    {
        if (name == LineageMarker || name.StartsWith(RestoreMark, StringComparison.Ordinal))
        {
            return CopyVerdict.Skip;
        }

        return EmptiedDirectories.Contains(name) || name == _statisticsDirectory ? CopyVerdict.Empty : CopyVerdict.Copy;
    }

    private static bool IsTablespace(string directory) =>
        directory.StartsWith(TablespaceDirectory + "/", StringComparison.Ordinal)
        && OidText.TryParse(directory.AsSpan(TablespaceDirectory.Length + 1), out _);
}
