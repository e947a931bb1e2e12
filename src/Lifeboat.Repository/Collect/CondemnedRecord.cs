using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Collect;

/// <summary>Objects that are to go: from now on nobody may come to rely on them.</summary>
/// <param name="At">By the clock of the machine that decided; the store's is the object's date.</param>
/// <param name="After">Lists that must be swept before this one: they name manifests that need what is named here.</param>
public sealed record CondemnedRecord(
    Id128 Id, string Host, DateTimeOffset At, Id128[] After, CondemnedObject[] Objects);

/// <param name="Name">Below the cluster's folder.</param>
/// <param name="Why">In words.</param>
public sealed record CondemnedObject(string Name, long Bytes, string Why)
{
    /// <summary>How the names of manifests end.</summary>
    internal const string Manifest = "/manifest";

    internal bool IsManifest => Name.EndsWith(Manifest, StringComparison.Ordinal);
}

/// <summary>When this was put, every lease that was older than the list had ended.</summary>
public sealed record ClearedRecord(Id128 Id, string Host, DateTimeOffset At);

/// <summary>
/// What of the list waits only for the ends of its locks: all but what is needed. From now on that is not locked for longer.
/// </summary>
/// <param name="Spared">Names as in the list; one that is needed stays locked like everything that is.</param>
public sealed record DecidedRecord(Id128 Id, string Host, DateTimeOffset At, string[] Spared);

/// <summary>All of the list is gone but what had become needed.</summary>
/// <param name="Spared">
/// Names as in the list, which were needed. They stay condemned: somebody who swept by an older look may delete what was
/// spared for a manifest that nobody lists, so that nothing may come to rely on it.
/// </param>
public sealed record SweptRecord(Id128 Id, string Host, DateTimeOffset At, string[] Spared);
