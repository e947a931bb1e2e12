namespace Lifeboat.Repository.Collect;

/// <summary>Every margin of leases and of the collection, with its reason. All of them only ever delay a deletion.</summary>
public static class CollectionMargins
{
    /// <summary>
    /// A lease that was not renewed for so long has ended. Long enough that a store which is out of reach for some minutes
    /// costs no backup; a process that died holds back deletions for no longer.
    /// </summary>
    public static readonly TimeSpan LeaseTerm = TimeSpan.FromHours(1);

    /// <summary>How often a lease is renewed: five times may fail in a row.</summary>
    public static readonly TimeSpan LeaseRenewal = TimeSpan.FromMinutes(10);

    /// <summary>By how much earlier the holder gives a lease up than others take it for ended.</summary>
    public static readonly TimeSpan LeaseReserve = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The longest that any lease holds. Lists of what was condemned are kept for longer, so that whoever wakes later finds
    /// either its lease lost or the list.
    /// </summary>
    public static readonly TimeSpan LongestLease = TimeSpan.FromDays(20);

    /// <summary>For how long a list is kept when all that it names is gone: above <see cref="LongestLease"/>.</summary>
    public static readonly TimeSpan ListKept = TimeSpan.FromDays(30);

    /// <summary>A store's clock may be set back by so much between two renewals; more ends the lease.</summary>
    public static readonly TimeSpan ClockSteps = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The longest that a listing may lag behind puts and deletions, with much to spare. Waited for between condemning and
    /// clearing, and again between clearing and deleting, each by the store's clock and by this machine's.
    /// </summary>
    public static readonly TimeSpan Settle = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Objects that nothing refers to are left for so long: an interrupted backup that is run again the next night takes up
    /// what it had stored.
    /// </summary>
    public static readonly TimeSpan Orphans = TimeSpan.FromDays(2);

    /// <summary>
    /// What a tombstone names is left for so long: whoever put it may take it back, and <c>wal fetch</c>, which takes no
    /// lease, may be on its way through a recovery that was begun before.
    /// </summary>
    public static readonly TimeSpan Tombstones = TimeSpan.FromDays(1);

    /// <summary>Above so many index runs they are merged into one: each is a request for every backup and restore.</summary>
    public const int MostIndexRuns = 16;
}
