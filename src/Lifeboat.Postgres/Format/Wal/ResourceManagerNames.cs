using System.Globalization;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>The names of resource managers as pg_waldump prints them (rmgrlist.h).</summary>
public static class ResourceManagerNames
{
    private static readonly string[] s_names =
    [
        "XLOG", "Transaction", "Storage", "CLOG", "Database", "Tablespace", "MultiXact", "RelMap", "Standby", "Heap2",
        "Heap", "Btree", "Hash", "Gin", "Gist", "Sequence", "SPGist", "BRIN", "CommitTs", "ReplicationOrigin",
        "Generic", "LogicalMessage",
    ];

    private static readonly string[] s_forks = ["main", "fsm", "vm", "init"];

    /// <summary>One that is not built in is <c>custom128</c> and so on, since its library is not asked.</summary>
    public static string Of(byte rmgrId) =>
        rmgrId < s_names.Length ? s_names[rmgrId] : string.Create(CultureInfo.InvariantCulture, $"custom{rmgrId:D3}");

    /// <summary>The fork's name (relpath.c); its number for one that PostgreSQL has not.</summary>
    public static string Of(RelationFork fork) =>
        (int)fork < s_forks.Length ? s_forks[(int)fork] : ((int)fork).ToString(CultureInfo.InvariantCulture);
}
