namespace Lifeboat.Repository.Backups;

/// <summary>
/// One line of a backup's catalog map: a database (<see cref="Relation"/> is null) or a relation in it.
/// </summary>
/// <param name="Database">Oid of the database; 0 for shared relations.</param>
/// <param name="Kind">pg_class.relkind.</param>
/// <param name="Filenode">pg_relation_filenode at the time of the backup; null when the relation has no storage.</param>
/// <param name="Tablespace">Oid; 0 is the database's default.</param>
/// <param name="Persistence">p, u or t.</param>
/// <param name="Toast">Oid of its TOAST table; 0 for none.</param>
public sealed record CatalogLine(
    uint Database,
    string? DatabaseName = null,
    uint? Relation = null,
    string? Schema = null,
    string? Name = null,
    string? Kind = null,
    uint? Filenode = null,
    uint? Tablespace = null,
    string? Persistence = null,
    uint? Toast = null);
