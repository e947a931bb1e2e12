using System.Globalization;

namespace Lifeboat.Postgres.DataDirectory;

/// <summary>
/// A directory that holds relations: <c>global</c>, <c>base/5</c> or <c>pg_tblspc/16390/PG_17_202406281/5</c>.
/// </summary>
/// <param name="Database">0 for <c>global</c>.</param>
public readonly record struct RelationDirectory(uint Tablespace, uint Database, TablespaceVersionDirectory? Version)
{
    public bool IsOfDatabase => Database != 0;

    public static bool TryParse(ReadOnlySpan<char> path, out RelationDirectory directory)
    {
        directory = default;
        if (path is "global")
        {
            directory = new RelationDirectory(TablespaceOid.Global, 0, Version: null);
            return true;
        }

        var slash = path.LastIndexOf('/');
        if (slash < 0 || !OidText.TryParse(path[(slash + 1)..], out var database))
        {
            return false;
        }

        var parent = path[..slash];
        if (parent is "base")
        {
            directory = new RelationDirectory(TablespaceOid.Default, database, Version: null);
            return true;
        }

        var versionAt = parent.LastIndexOf('/');
        if (!parent.StartsWith("pg_tblspc/", StringComparison.Ordinal) || versionAt < "pg_tblspc/".Length
            || !OidText.TryParse(parent["pg_tblspc/".Length..versionAt], out var tablespace)
            || !TablespaceVersionDirectory.TryParse(parent[(versionAt + 1)..], out var version))
        {
            return false;
        }

        directory = new RelationDirectory(tablespace, database, version);
        return true;
    }

    public override string ToString() => Tablespace switch
    {
        TablespaceOid.Global => "global",
        TablespaceOid.Default => string.Create(CultureInfo.InvariantCulture, $"base/{Database}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"pg_tblspc/{Tablespace}/{Version}/{Database}"),
    };
}
