using Lifeboat.Storage;

namespace Lifeboat.Repository;

/// <summary>
/// Which objects of a locked repository are locked: all but housekeeping. That is what is deleted in the ordinary course of
/// things (leases, lists of what is condemned, what <c>init</c> tries a bucket with), and tombstones, which whoever put them may have to take back.
/// </summary>
public static class LockedNames
{
    public static bool Covers(ObjectName name)
    {
        var parts = name.Value.Split('/');
        return parts switch
        {
            [_] => name == ObjectNames.Repository,
            ["clusters", _, "leases" or "condemned", ..] => false,
            ["clusters", _, "lineages", _, "expired-wal", _] => false,
            ["clusters", _, "lineages", _, "backups", _, "tombstone"] => false,
            _ => true,
        };
    }
}
