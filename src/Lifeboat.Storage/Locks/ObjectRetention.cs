namespace Lifeboat.Storage.Locks;

/// <summary>Who may end a lock before its time.</summary>
public enum LockMode
{
    /// <summary>Only who has the store's right to bypass governance.</summary>
    Governance,

    /// <summary>Nobody, the owner of the account included.</summary>
    Compliance,
}

/// <summary>How a version of an object is locked: until then it can be neither removed nor locked for less.</summary>
/// <param name="Until">By the store's clock.</param>
public readonly record struct ObjectRetention(LockMode Mode, DateTimeOffset Until);
