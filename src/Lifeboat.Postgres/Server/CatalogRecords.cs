namespace Lifeboat.Postgres.Server;

/// <summary>
/// One line of the catalog map: what WAL and files know by number, with its name. Names are text in which a byte that
/// is not UTF-8 is escaped as <see cref="Platform.Files.PosixPath"/> does; they may contain anything but NUL.
/// </summary>
public abstract record CatalogRecord(uint DatabaseOid);

/// <summary>A database whose relations follow.</summary>
/// <param name="TablespaceOid">pg_tablespace.oid, never 0.</param>
public sealed record CatalogDatabase(
    uint DatabaseOid, string Name, string Encoding, uint TablespaceOid, bool IsTemplate)
    : CatalogRecord(DatabaseOid);

/// <summary>
/// A database whose relations, or the rest of them, could not be read: its files are backed up all the same, but tables
/// in it cannot be found by name.
/// </summary>
public sealed record CatalogDatabaseUnread(uint DatabaseOid, string Name, string Reason) : CatalogRecord(DatabaseOid);

/// <summary>One row of pg_class.</summary>
/// <param name="Kind">pg_class.relkind: r table, p partitioned table, i index, I partitioned index, S sequence, t TOAST
/// table, m materialised view, v view, f foreign table.</param>
/// <param name="Persistence">pg_class.relpersistence: p permanent, u unlogged, t temporary.</param>
/// <param name="FileNode">The number in the file's name; 0 when the relation has no file.</param>
/// <param name="TablespaceOid">pg_tablespace.oid where the file is (the database's own is resolved), 0 without a
/// file.</param>
/// <param name="ToastOid">The relation's TOAST table, or 0.</param>
/// <param name="TableOid">For an index its table, otherwise 0.</param>
/// <param name="IsShared">Whether the file is one of the cluster's (in <c>global</c>) and not of the
/// database's.</param>
public sealed record CatalogRelation(
    uint DatabaseOid,
    uint Oid,
    string Schema,
    string Name,
    char Kind,
    char Persistence,
    uint FileNode,
    uint TablespaceOid,
    uint ToastOid,
    uint TableOid,
    bool IsShared)
    : CatalogRecord(DatabaseOid);
