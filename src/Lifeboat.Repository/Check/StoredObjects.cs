using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Postgres.Format;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Check;

/// <summary>
/// Every object of the store, sorted by what its name says it is. Ordinal order lists a backup's manifest after its index
/// run and before its map runs and packs, so that a backup that ends while the listing goes on is never half seen.
/// </summary>
internal sealed class StoredObjects
{
    internal long Count { get; private set; }

    internal bool HasRepositoryRecord { get; private set; }

    internal List<ObjectName> Keys { get; } = [];

    internal SortedDictionary<string, StoredCluster> Clusters { get; } = new(StringComparer.Ordinal);

    /// <summary>Names that no object of a repository has.</summary>
    internal List<ObjectName> Foreign { get; } = [];

    internal static async ValueTask<StoredObjects> ListAsync(
        IObjectStore store, IProgress<CheckProgress>? progress, CancellationToken cancellationToken)
    {
        var objects = new StoredObjects();
        await foreach (var facts in store.ListAsync("", cancellationToken))
        {
            if (++objects.Count % 1000 == 0)
            {
                progress?.Report(new CheckProgress("list objects", objects.Count, 0, 0));
            }

            if (!objects.Place(facts))
            {
                objects.Foreign.Add(facts.Name);
            }
        }

        return objects;
    }

    private bool Place(ObjectFacts facts)
    {
        var parts = facts.Name.Value.Split('/');
        if (facts.Name == ObjectNames.Repository)
        {
            return HasRepositoryRecord = true;
        }

        if (parts is ["canaries", var canary] && Id128.TryParse(canary, out _))
        {
            return true;
        }

        if (parts.Length == 2 && parts[0] == "keys" && Id128.TryParse(parts[1], out _))
        {
            Keys.Add(facts.Name);
            return true;
        }

        return parts.Length >= 3 && parts[0] == "clusters" && ClusterName.IsValid(parts[1])
            && PlaceInCluster(parts[1], parts[2..], facts);
    }

    private bool PlaceInCluster(string name, string[] rest, ObjectFacts facts)
    {
        if (rest is ["lineages", var text, _, ..])
        {
            return Id128.TryParse(text, out var lineage)
                && PlaceInLineage(name, lineage, rest[2..], facts, add: LineageOf);
        }

        if (rest is ["cluster"])
        {
            return ClusterOf(name).HasRecord = true;
        }

        if (DocumentKindOf(rest) is { } document)
        {
            ClusterOf(name).Documents.Add((facts.Name, document, facts.Size));
            return true;
        }

        if (rest.Length != 2 || !Id128.TryParse(rest[1], out var id))
        {
            return false;
        }

        var kind = rest[0] switch
        {
            "packs" => ClusterOf(name).Packs,
            "maps" => ClusterOf(name).Maps,
            "index" => ClusterOf(name).Index,
            _ => null,
        };
        return kind?.TryAdd(id, facts.Size) ?? false;
    }

    /// <summary>Of what is the collection's and the locks'; null for anything else.</summary>
    private static ContainerKind? DocumentKindOf(string[] rest) => rest switch
    {
        ["leases", var holder, _] when Id128.TryParse(holder, out _) => ContainerKind.Lease,
        ["condemned", var list, "list"] when Id128.TryParse(list, out _) => ContainerKind.Condemned,
        ["condemned", var list, "cleared"] when Id128.TryParse(list, out _) => ContainerKind.Cleared,
        ["condemned", var list, "swept"] when Id128.TryParse(list, out _) => ContainerKind.Swept,
        ["condemned", var list, "decided"] when Id128.TryParse(list, out _) => ContainerKind.Decided,
        ["renewals", { Length: 16 }] => ContainerKind.Renewal,
        _ => null,
    };

    private static bool PlaceInLineage(
        string name, Id128 lineage, string[] rest, ObjectFacts facts, Func<string, Id128, StoredLineage> add)
    {
        switch (rest)
        {
            case ["lineage"]:
                return add(name, lineage).HasRecord = true;
            case ["claims", var claim] when claim.Length == 17 && claim[8] == '-'
                && Timeline.TryParseHex(claim.AsSpan(0, 8), out var timeline)
                && Repository.Clusters.Claims.TryParseSerial(claim.AsSpan(9), out var serial):
                add(name, lineage).Claims.Add((timeline, serial, facts.Name));
                return true;
            case ["backups", var backup, "manifest"] when BackupId.IsValid(backup):
                add(name, lineage).Manifests.Add(facts.Name);
                return true;
            case ["backups", var backup, "tombstone"] when BackupId.IsValid(backup):
                add(name, lineage).Tombstones.Add(facts.Name);
                return true;
            case ["backups", var backup, "complete"] when BackupId.IsValid(backup):
                add(name, lineage).Completions[backup] = facts;
                return true;
            case ["backups", var backup, "marks", var mark]
                when BackupId.IsValid(backup) && BackupMarks.TryParse(mark, out _):
                add(name, lineage).Marks.Add(facts.Name);
                return true;
            case ["expired-wal", var stone] when Id128.TryParse(stone, out _):
                add(name, lineage).WalTombstones.Add(facts.Name);
                return true;
            case ["wal", ..] when WalObject.Parse(lineage, ObjectNames.Wal(name, lineage), facts) is { } wal:
                add(name, lineage).Wal.Add(wal);
                return true;
            case ["pieces", ..] when WalPiece.Parse(name, lineage, facts) is { } piece:
                add(name, lineage).Pieces.Add(piece);
                return true;
            case ["catalogs", ..] when WalCatalogObject.Parse(lineage, ObjectNames.WalCatalogs(name, lineage), facts)
                is { } catalog:
                add(name, lineage).Catalogs.Add(catalog);
                return true;
            default:
                return false;
        }
    }

    private StoredCluster ClusterOf(string name)
    {
        if (!Clusters.TryGetValue(name, out var cluster))
        {
            Clusters[name] = cluster = new StoredCluster();
        }

        return cluster;
    }

    private StoredLineage LineageOf(string name, Id128 id)
    {
        var lineages = ClusterOf(name).Lineages;
        if (!lineages.TryGetValue(id, out var lineage))
        {
            lineages[id] = lineage = new StoredLineage();
        }

        return lineage;
    }
}

/// <summary>What is stored below one cluster.</summary>
internal sealed class StoredCluster
{
    internal bool HasRecord { get; set; }

    internal Dictionary<Id128, long> Packs { get; } = [];

    internal Dictionary<Id128, long> Maps { get; } = [];

    internal Dictionary<Id128, long> Index { get; } = [];

    internal SortedDictionary<Id128, StoredLineage> Lineages { get; } = [];

    /// <summary>Leases, lists of condemned objects, renewals of locks.</summary>
    internal List<(ObjectName Name, ContainerKind Kind, long Size)> Documents { get; } = [];

    /// <summary>Ids of all backups, from the names of their manifests.</summary>
    internal IEnumerable<string> BackupIds => Lineages.Values.SelectMany(lineage => lineage.BackupIds);
}

/// <summary>What is stored below one lineage.</summary>
internal sealed class StoredLineage
{
    internal bool HasRecord { get; set; }

    internal List<(Timeline Timeline, uint Serial, ObjectName Name)> Claims { get; } = [];

    internal List<ObjectName> Manifests { get; } = [];

    internal List<ObjectName> Tombstones { get; } = [];

    internal List<ObjectName> Marks { get; } = [];

    /// <summary>By the ids of the backups that have one.</summary>
    internal Dictionary<string, ObjectFacts> Completions { get; } = new(StringComparer.Ordinal);

    internal List<ObjectName> WalTombstones { get; } = [];

    /// <summary>What the tombstones say; filled when they have been read.</summary>
    internal ExpiredWal ExpiredWal { get; set; } = ExpiredWal.None;

    internal List<WalObject> Wal { get; } = [];

    internal List<WalCatalogObject> Catalogs { get; } = [];

    internal List<WalPiece> Pieces { get; } = [];

    internal IEnumerable<string> BackupIds => Manifests.Select(BackupOf);

    internal static string BackupOf(ObjectName name) => name.Value.Split('/')[^2];
}
