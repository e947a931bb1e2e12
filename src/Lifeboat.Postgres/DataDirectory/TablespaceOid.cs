namespace Lifeboat.Postgres.DataDirectory;

/// <summary>Tablespaces that every cluster has (pg_tablespace.dat); all others lie under <c>pg_tblspc</c>.</summary>
public static class TablespaceOid
{
    /// <summary>pg_default: the directory <c>base</c>.</summary>
    public const uint Default = 1663;

    /// <summary>pg_global: the directory <c>global</c>, whose relations belong to no database.</summary>
    public const uint Global = 1664;
}
