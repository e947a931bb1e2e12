namespace Lifeboat.Repository.Containers;

/// <summary>What an object is. The numbers are part of the format.</summary>
public enum ContainerKind : ushort
{
    Repository = 1,
    Key = 2,
    Cluster = 3,
    Lineage = 4,
    Claim = 5,
    Pack = 6,
    MapRun = 7,
    IndexRun = 8,
    Manifest = 9,
    Wal = 10,
    Tombstone = 11,
    WalCatalog = 12,
    Mark = 13,
    WalTombstone = 14,
    Lease = 15,
    Completion = 16,
    Condemned = 17,
    Cleared = 18,
    Swept = 19,
    Renewal = 20,
    Decided = 21,
}
