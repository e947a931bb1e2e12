using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Collect;

/// <summary>A pack of which little is needed.</summary>
/// <param name="Size">Bytes of the object.</param>
/// <param name="Live">Stored bytes of what is needed.</param>
/// <param name="Frames">What is needed.</param>
public sealed record SparsePack(Id128 Pack, long Size, long Live, IReadOnlyList<Id128> Frames);
