namespace Lifeboat.Storage;

/// <summary>What a store can do beyond the least that every store can.</summary>
/// <param name="CreateIfAbsent">
/// Whether <see cref="PutCondition.IfAbsent"/> is decided by the store itself, so that of several writers one wins. Where
/// it is not, the store looks first and writes then: two writers may both be told that they created the object.
/// </param>
/// <param name="Versions">Whether an overwrite or a deletion leaves the earlier version readable.</param>
/// <param name="Distant">
/// Whether each request waits for an answer from elsewhere, so that what lies side by side had better be asked for together
/// and before it is needed.
/// </param>
public sealed record StoreCapabilities(bool CreateIfAbsent, bool Versions, bool Distant = false);
