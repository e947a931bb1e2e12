using System.Globalization;

namespace Lifeboat.Postgres.DataDirectory;

/// <summary>
/// A relation's file by its path below the data directory (relpath.c): <c>global/1262</c>,
/// <c>base/5/16384_vm.3</c>, <c>pg_tblspc/16390/PG_17_202406281/5/16384</c>.
/// </summary>
/// <param name="Tablespace">Its oid; <see cref="TablespaceOid"/> for those of every cluster.</param>
/// <param name="Database">Its oid; 0 for the relations of the whole cluster.</param>
/// <param name="Version">The directory within a tablespace of its own; null under base and global.</param>
public readonly record struct RelationFilePath(
    uint Tablespace,
    uint Database,
    TablespaceVersionDirectory? Version,
    RelationFileName File)
{
    /// <summary>False for any path that is not one of a relation's file.</summary>
    /// <param name="path">Relative to the data directory, with single slashes.</param>
    public static bool TryParse(ReadOnlySpan<char> path, out RelationFilePath relation)
    {
        relation = default;
        var slash = path.LastIndexOf('/');
        if (slash < 0
            || !RelationDirectory.TryParse(path[..slash], out var directory)
            || !RelationFileName.TryParse(path[(slash + 1)..], out var file)
            || (directory.Tablespace == TablespaceOid.Global && file.IsTemporary))
        {
            return false;
        }

        relation = new RelationFilePath(directory.Tablespace, directory.Database, directory.Version, file);
        return true;
    }

    /// <summary>
    /// The number, in its relation's fork, of the first page of this file: what a page's checksum is made with.
    /// </summary>
    /// <param name="relSegSize">Pages of a segment, from pg_control.</param>
    /// <exception cref="OverflowException">No relation is that long.</exception>
    public uint FirstBlock(uint relSegSize) => checked(File.Segment * relSegSize);

    public override string ToString() =>
        $"{new RelationDirectory(Tablespace, Database, Version)}/{File.ToString()}";
}
