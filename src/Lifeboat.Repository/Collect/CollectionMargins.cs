namespace Lifeboat.Repository.Collect;

/// <summary>Every margin of leases and of the collection, with its reason. All of them only ever delay a deletion.</summary>
public sealed record CollectionMargins
{
    /// <summary>The only ones that the program uses; others show in tests that each is needed.</summary>
    public static readonly CollectionMargins Usual = new();

    /// <summary>
    /// A lease that was not renewed for so long has ended. Long enough that a store which is out of reach for some minutes
    /// costs no backup; a process that died holds back deletions for no longer.
    /// </summary>
    public TimeSpan LeaseTerm { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often a lease is renewed: five times may fail in a row.</summary>
    public TimeSpan LeaseRenewal { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>By how much earlier the holder gives a lease up than others take it for ended.</summary>
    public TimeSpan LeaseReserve { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The longest that any lease holds. Lists of what was condemned are kept for longer, so that whoever wakes later finds
    /// either the list, or behind that its lease lost.
    /// </summary>
    public TimeSpan LongestLease { get; init; } = TimeSpan.FromDays(20);

    /// <summary>For how long a list is kept when all that it names is gone: above <see cref="LongestLease"/>.</summary>
    public TimeSpan ListKept { get; init; } = TimeSpan.FromDays(30);

    /// <summary>A store's clock may be set back by so much between two renewals; more ends the lease.</summary>
    public TimeSpan ClockSteps { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The longest that a listing may lag behind puts and deletions, with much to spare. Waited for between condemning and
    /// clearing, and again between clearing and deleting, each by the store's clock and by this machine's.
    /// </summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Objects that nothing refers to are left for so long: an interrupted backup that is run again the next night takes up
    /// what it had stored.
    /// </summary>
    public TimeSpan Orphans { get; init; } = TimeSpan.FromDays(2);

    /// <summary>
    /// What a tombstone names is left for so long, and a pack whose content was written anew: <c>wal fetch</c>, which takes no lease, may be on its way through a recovery
    /// that was begun before, and a reader may not have the right to put a lease. Less than a day, so that what one night's
    /// run expires the next night's takes up.
    /// </summary>
    public TimeSpan Tombstones { get; init; } = TimeSpan.FromHours(20);

    /// <summary>
    /// Whoever put a tombstone takes it back within so long or not at all: well before it is old enough for a collection.
    /// </summary>
    public TimeSpan Withdrawal { get; init; } = TimeSpan.FromHours(6);

    /// <summary>
    /// A pack of which a smaller part than this is needed is written anew. So each byte that is written this way gives three
    /// back, and what is kept takes at most four times its size. 0: never.
    /// </summary>
    public double RepackBelow { get; init; } = 0.25;

    /// <summary>And only when at least so many bytes come back by it: far above what a pack takes beside its frames.</summary>
    public long RepackGain { get; init; } = 1L << 20;

    /// <summary>Bytes that one run writes anew at most: the rest is a later run's.</summary>
    public long MostRepacked { get; init; } = 4L << 30;

    /// <summary>
    /// The index is written anew without packs that are gone when it lists so many of them, and more than are there.
    /// </summary>
    public int MostGonePacks { get; init; } = 64;
}
