using Lifeboat.Postgres.Format.Control;

namespace Lifeboat.Postgres.Format.Wal.Changes;

/// <summary>A database in a tablespace: one directory of relation files.</summary>
public readonly record struct DatabaseDirectory(uint Tablespace, uint Database) : IComparable<DatabaseDirectory>
{
    public int CompareTo(DatabaseDirectory other) =>
        Tablespace != other.Tablespace ? Tablespace.CompareTo(other.Tablespace) : Database.CompareTo(other.Database);

    public override string ToString() => $"{Tablespace}/{Database}";
}

/// <summary>
/// A record that changes files in a way that nothing here understands, so that what changed cannot be told.
/// </summary>
/// <param name="Lsn">Where it begins.</param>
/// <param name="Rmgr">Its resource manager's number.</param>
/// <param name="Info">Its info byte.</param>
public readonly record struct OpaqueChange(Lsn Lsn, byte Rmgr, byte Info);

/// <summary>A fork, with what happened to it.</summary>
public sealed record NamedForkChanges(RelationForkName Name, ForkChanges Changes);

/// <summary>
/// What a stretch of WAL changes in the files of relations: blocks and limits of each fork, databases that came or went
/// as a whole, and what makes the stretch unusable for that question. Stretches that follow each other are put together
/// by <see cref="Append"/>, in any grouping. Not shared between threads while it is changed.
/// </summary>
/// <remarks>
/// Never told: free space maps, and what no record refers to a block of (SLRUs, pg_filenode.map, files copied by CREATE
/// DATABASE, blocks of zeros that a relation is extended by, hint bits where they are not logged).
/// </remarks>
public sealed partial class WalChanges
{
    private readonly Dictionary<RelationForkName, ForkChanges> _forks = new(RelationForkName.Comparer.Instance);
    private readonly List<DatabaseDirectory> _databases = [];
    private readonly List<WalLevelChange> _levels = [];
    private RelationForkName _lastName;
    private ForkChanges? _last;

    /// <summary>Ascending by name.</summary>
    public IReadOnlyList<NamedForkChanges> Forks
    {
        get
        {
            var forks = new NamedForkChanges[_forks.Count];
            var at = 0;
            foreach (var (name, changes) in _forks)
            {
                forks[at++] = new NamedForkChanges(name, changes);
            }

            Array.Sort(forks, static (left, right) => left.Name.CompareTo(right.Name));
            return forks;
        }
    }

    /// <summary>Directories that were made, copied or dropped, ascending: nothing in an earlier copy of them counts.</summary>
    public IReadOnlyCollection<DatabaseDirectory> Databases => _databases;

    /// <summary>Where wal_level is told, in order, only where it differs from what was told before.</summary>
    public IReadOnlyList<WalLevelChange> Levels => _levels;

    /// <summary>
    /// Where wal_level is told to be minimal first: from there on relations may have changed without a record. Null
    /// when it is nowhere. What held before the first record that tells, the stretch cannot say.
    /// </summary>
    public Lsn? Minimal => _levels.Exists(level => level.Level == WalLevel.Minimal)
        ? _levels.Find(level => level.Level == WalLevel.Minimal).Lsn
        : null;

    /// <summary>The first record that is not understood; null when all are.</summary>
    public OpaqueChange? Opaque { get; private set; }

    /// <summary>What happened to a fork; null when nothing did.</summary>
    public ForkChanges? Find(RelationForkName name) => _forks.GetValueOrDefault(name);

    /// <summary>
    /// Whether anything is told of a relation, in whatever fork: then its free space map and visibility map count as
    /// changed.
    /// </summary>
    public bool Touches(RelFileLocator relation) =>
        _databases.Contains(new DatabaseDirectory(relation.Tablespace, relation.Database))
        || _forks.ContainsKey(new RelationForkName(relation, RelationFork.Main))
        || _forks.ContainsKey(new RelationForkName(relation, RelationFork.VisibilityMap))
        || _forks.ContainsKey(new RelationForkName(relation, RelationFork.Init));

    /// <summary>Whether a block of an earlier copy may differ now.</summary>
    public bool Covers(RelationForkName name, uint block) =>
        _databases.Contains(new DatabaseDirectory(name.Relation.Tablespace, name.Relation.Database))
        || (_forks.TryGetValue(name, out var fork) && fork.Covers(block));

    /// <summary>Adds what the stretch behind this one changed.</summary>
    public void Append(WalChanges later)
    {
        foreach (var (name, fork) in later._forks)
        {
            ForkOf(name).Append(fork);
        }

        foreach (var directory in later._databases)
        {
            AddDatabase(directory);
        }

        foreach (var level in later._levels)
        {
            AddLevel(level);
        }

        Opaque ??= later.Opaque;
    }

    /// <summary>For whoever reads changes back from where they were kept.</summary>
    public ForkChanges ForkOf(RelationForkName name)
    {
        if (_last is { } last && name == _lastName)
        {
            return last;
        }

        if (!_forks.TryGetValue(name, out var fork))
        {
            _forks.Add(name, fork = new ForkChanges());
        }

        (_lastName, _last) = (name, fork);
        return fork;
    }

    /// <inheritdoc cref="ForkOf"/>
    public void AddDatabase(DatabaseDirectory directory)
    {
        // They are few: a segment that makes or drops a database is rare.
        var at = _databases.Count;
        while (at > 0 && _databases[at - 1].CompareTo(directory) > 0)
        {
            at--;
        }

        if (at == 0 || _databases[at - 1] != directory)
        {
            _databases.Insert(at, directory);
        }
    }

    /// <inheritdoc cref="ForkOf"/>
    public void AddLevel(WalLevelChange level)
    {
        if (_levels.Count == 0 || _levels[^1].Level != level.Level)
        {
            _levels.Add(level);
        }
    }

    /// <inheritdoc cref="ForkOf"/>
    public void AddOpaque(OpaqueChange change) => Opaque ??= change;
}
