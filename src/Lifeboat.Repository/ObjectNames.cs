using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository;

/// <summary>Where everything is (docs/format/repository-v0.md, section 1).</summary>
internal static class ObjectNames
{
    internal const string Keys = "keys/";
    internal const string Clusters = "clusters/";

    /// <summary>What checks of locks attack: nothing reads them.</summary>
    internal const string Canaries = "canaries/";

    internal static readonly ObjectName Repository = new("lifeboat-repository");

    internal static ObjectName Key(Id128 id) => new($"{Keys}{id}");

    internal static string ClusterRoot(string cluster) => $"{Clusters}{cluster}/";

    internal static ObjectName Cluster(string cluster) => new($"{ClusterRoot(cluster)}cluster");

    internal static string Packs(string cluster) => $"{ClusterRoot(cluster)}packs/";

    internal static ObjectName Pack(string cluster, Id128 id) => new($"{Packs(cluster)}{id}");

    internal static string Maps(string cluster) => $"{ClusterRoot(cluster)}maps/";

    internal static ObjectName MapRun(string cluster, Id128 id) => new($"{Maps(cluster)}{id}");

    internal static string IndexRuns(string cluster) => $"{ClusterRoot(cluster)}index/";

    internal static ObjectName IndexRun(string cluster, Id128 id) => new($"{IndexRuns(cluster)}{id}");

    internal static string Leases(string cluster) => $"{ClusterRoot(cluster)}leases/";

    internal static ObjectName Lease(string cluster, Id128 lease, uint serial) =>
        new($"{Leases(cluster)}{lease}/{serial:x8}");

    internal static string Renewals(string cluster) => $"{ClusterRoot(cluster)}renewals/";

    internal static ObjectName Renewal(string cluster, long epoch) => new($"{Renewals(cluster)}{epoch:x16}");

    internal static string Condemned(string cluster) => $"{ClusterRoot(cluster)}condemned/";

    /// <summary>The list itself, when all older leases had ended, and when all of it was gone.</summary>
    internal static ObjectName Condemned(string cluster, Id128 id, string part) =>
        new($"{Condemned(cluster)}{id}/{part}");

    internal static string Lineages(string cluster) => $"{ClusterRoot(cluster)}lineages/";

    internal static string LineageRoot(string cluster, Id128 lineage) => $"{Lineages(cluster)}{lineage}/";

    internal static ObjectName Lineage(string cluster, Id128 lineage) => new($"{LineageRoot(cluster, lineage)}lineage");

    internal static string Claims(string cluster, Id128 lineage, Timeline timeline) =>
        $"{LineageRoot(cluster, lineage)}claims/{timeline.ToHex()}-";

    internal static string Backups(string cluster, Id128 lineage) => $"{LineageRoot(cluster, lineage)}backups/";

    internal static ObjectName Manifest(string cluster, Id128 lineage, string backup) =>
        new($"{Backups(cluster, lineage)}{backup}/manifest");

    internal static ObjectName Tombstone(string cluster, Id128 lineage, string backup) =>
        new($"{Backups(cluster, lineage)}{backup}/tombstone");

    /// <summary>Beside a manifest that names a lease: the backup is whole, and exists from then on.</summary>
    internal static ObjectName Completion(string cluster, Id128 lineage, string backup) =>
        new($"{Backups(cluster, lineage)}{backup}/complete");

    /// <summary>The folder of what people say of a backup: tags, pins, annotations.</summary>
    internal static string Marks(string cluster, Id128 lineage, string backup) =>
        $"{Backups(cluster, lineage)}{backup}/marks/";

    internal static string WalTombstones(string cluster, Id128 lineage) =>
        $"{LineageRoot(cluster, lineage)}expired-wal/";

    internal static ObjectName WalTombstone(string cluster, Id128 lineage, Id128 id) =>
        new($"{WalTombstones(cluster, lineage)}{id}");

    internal static string Wal(string cluster, Id128 lineage) => $"{LineageRoot(cluster, lineage)}wal/";

    internal static string WalFile(string cluster, Id128 lineage, string file) =>
        WalArchive.WalPieceName.TryParse(file, out var piece)
            ? $"{PiecesOf(cluster, lineage, piece.Segment)}{file}-"
            : $"{Wal(cluster, lineage)}{WalFolder(file)}{file}-";

    internal static string Pieces(string cluster, Id128 lineage) => $"{LineageRoot(cluster, lineage)}pieces/";

    /// <summary>
    /// The folder of a segment's pieces, which may be thousands: apart, so that no look for a segment lists them.
    /// </summary>
    internal static string PiecesOf(string cluster, Id128 lineage, string segment) =>
        $"{Pieces(cluster, lineage)}{segment[..8]}/{segment[8..16]}/{segment}/";

    internal static string WalCatalogs(string cluster, Id128 lineage) => $"{LineageRoot(cluster, lineage)}catalogs/";

    internal static string WalCatalog(string cluster, Id128 lineage, string firstSegment) =>
        $"{WalCatalogs(cluster, lineage)}{firstSegment[..8]}/{firstSegment}-";

    /// <summary>
    /// The folder of a WAL file below its lineage's: 4 GiB of WAL lie together, so that on a file system a look for one file
    /// reads hundreds of names and not all of years.
    /// </summary>
    internal static string WalFolder(string file) =>
        WalArchive.WalFileName.IsHistory(file) ? $"{file[..8]}/" : $"{file[..8]}/{file[8..16]}/";
}
