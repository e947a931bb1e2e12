using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// Where the resident service keeps what it shows to others: a folder within <c>pg_wal</c>. Only the server's own user can
/// write there, PostgreSQL leaves it alone, a base backup leaves it out, and a file of it can be renamed to
/// where recovery wants it.
/// </summary>
/// <remarks>
/// <code>
/// lock               locked by the service that lives
/// socket             of that service
/// token              made anew by each session
/// lineage            link to the session's lifeboat.lineage, held open, or to the token when there is none
/// repository         link to the record of the session's repository, held open
/// failing            there while pushing fails
/// push-CLUSTER/      acknowledgements: SEGMENT, SEGMENT.b, SEGMENT.a, SEGMENT.o (<see cref="Acknowledgements"/>)
/// fetch-CLUSTER/     what was brought ahead: SEGMENT, SEGMENT.o, and SEGMENT.n while it is on its way
/// </code>
/// </remarks>
/// <param name="DataDirectory">Absolute.</param>
/// <param name="Cluster">The cluster's name in the repository.</param>
public sealed record ServicePlaces(string DataDirectory, string Cluster)
{
    /// <summary>Relative to the data directory, in which PostgreSQL runs its commands.</summary>
    public const string RelativeFolder = "pg_wal/lifeboat.serve";

    internal const string PushPrefix = "push-";
    internal const string FetchPrefix = "fetch-";
    internal const string RepositoryRecord = "lifeboat-repository";

    public string Folder { get; } = PosixPath.Combine(DataDirectory, RelativeFolder);

    public string Socket => PosixPath.Combine(Folder, "socket");

    public string Acknowledgements => PosixPath.Combine(Folder, PushPrefix + Cluster);

    public string Spool => PosixPath.Combine(Folder, FetchPrefix + Cluster);

    public string ArchiveStatus => PosixPath.Combine(DataDirectory, "pg_wal/archive_status");

    internal string Lock => PosixPath.Combine(Folder, "lock");

    internal string Token => PosixPath.Combine(Folder, "token");

    internal string Lineage => PosixPath.Combine(Folder, "lineage");

    internal string Repository => PosixPath.Combine(Folder, "repository");

    internal string Failing => PosixPath.Combine(Folder, "failing");

    internal string Marker => PosixPath.Combine(DataDirectory, LineageMarker.FileName);

    internal string Segment(string name) => PosixPath.Combine(DataDirectory, $"pg_wal/{name}");

    internal string Ready(string name) => PosixPath.Combine(ArchiveStatus, name + ReadyFiles.Suffix);

    internal string Acknowledgement(string name) => PosixPath.Combine(Acknowledgements, name);

    internal string Spooled(string name) => PosixPath.Combine(Spool, name);

    internal static string Older(string acknowledgement) => acknowledgement + ".b";

    internal static string Newer(string acknowledgement) => acknowledgement + ".a";

    internal static string Object(string path) => path + ".o";

    internal static string OnItsWay(string spooled) => spooled + ".n";
}
