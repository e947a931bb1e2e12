namespace Lifeboat.Storage;

/// <summary>What a store says of one object without its content.</summary>
/// <param name="Name">The object's name.</param>
/// <param name="Size">Bytes.</param>
/// <param name="LastModified">By the store's clock, which may differ from this machine's.</param>
/// <param name="Version">The store's id of this version; null where the store keeps none.</param>
/// <param name="IsDeleted">Whether this version is a deletion marker (only in listings of versions).</param>
public sealed record ObjectFacts(
    ObjectName Name,
    long Size,
    DateTimeOffset LastModified,
    string? Version = null,
    bool IsDeleted = false);
