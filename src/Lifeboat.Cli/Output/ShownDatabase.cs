using Lifeboat.Repository.Backups;

namespace Lifeboat.Cli.Output;

/// <summary>A database in a backup.</summary>
/// <param name="Tables">Ordinary tables that users made: outside pg_catalog and information_schema.</param>
internal sealed record ShownDatabase(uint Oid, string Name, int Tables)
{
    public static ShownDatabase[] From(IReadOnlyList<CatalogLine> catalog)
    {
        var tables = catalog
            .Where(line => line is { Relation: not null, Kind: "r",
                Schema: not ("pg_catalog" or "information_schema") })
            .CountBy(line => line.Database)
            .ToDictionary();
        return [.. catalog
            .Where(line => line is { Relation: null, DatabaseName: not null })
            .Select(line => new ShownDatabase(
                line.Database, line.DatabaseName!, tables.GetValueOrDefault(line.Database)))
            .OrderBy(database => database.Name, StringComparer.Ordinal)];
    }
}
