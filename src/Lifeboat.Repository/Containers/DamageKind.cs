namespace Lifeboat.Repository.Containers;

/// <summary>In which way an object is not what was written.</summary>
public enum DamageKind
{
    /// <summary>Bytes are not those that were written: flipped, overwritten, cut off.</summary>
    Damaged,

    /// <summary>It is not there.</summary>
    Missing,

    /// <summary>It is whole, but was written under another name, or as another kind of object.</summary>
    Swapped,

    /// <summary>It belongs to another repository or cluster.</summary>
    Foreign,

    /// <summary>It is undamaged but does not open with the key at hand: forged, or sealed with another key.</summary>
    Forged,

    /// <summary>It contradicts another object, or its own content.</summary>
    Inconsistent,
}
