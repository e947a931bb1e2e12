using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Engine.Wal.Find;

/// <summary>What one transaction, or sub-transaction, did so far. It is kept only until that ends.</summary>
internal sealed class TransactionWork
{
    /// <summary>Most transactions touch few tables; behind so many a search pays.</summary>
    private const int MostListed = 16;

    private readonly List<(RelFileLocator File, RowCounts Counts)> _rows = [];
    private Dictionary<RelFileLocator, int>? _places;
    private int _latest;

    /// <param name="before">Where the record before its first one begins.</param>
    internal TransactionWork(Lsn before) => Before = before;

    internal Lsn Before { get; private set; }

    internal IReadOnlyList<(RelFileLocator File, RowCounts Counts)> Rows => _rows;

    /// <summary>Main forks that it made, in order.</summary>
    internal List<RelFileLocator> Created { get; } = [];

    /// <summary>Rows that it put into a database's pg_class.</summary>
    internal List<(uint Database, PgClassRow Row)> Classes { get; } = [];

    internal List<(uint Database, PgNamespaceRow Row)> Namespaces { get; } = [];

    /// <summary>Tables that it says itself it truncates, where wal_level is logical.</summary>
    internal List<(uint Database, uint Relation)> Truncated { get; } = [];

    internal List<uint> DroppedDatabases { get; } = [];

    /// <summary>It deleted a row of pg_database.</summary>
    internal bool DeletesDatabase { get; set; }

    internal void Count(RelFileLocator file, RowCounts counts)
    {
        var at = PlaceOf(file);
        _rows[at] = (file, _rows[at].Counts + counts);
    }

    internal void Merge(TransactionWork part)
    {
        Before = part.Before < Before ? part.Before : Before;
        foreach (var (file, counts) in part._rows)
        {
            Count(file, counts);
        }

        Created.AddRange(part.Created);
        Classes.AddRange(part.Classes);
        Namespaces.AddRange(part.Namespaces);
        Truncated.AddRange(part.Truncated);
        DroppedDatabases.AddRange(part.DroppedDatabases);
        DeletesDatabase |= part.DeletesDatabase;
    }

    private int PlaceOf(RelFileLocator file)
    {
        if (_latest < _rows.Count && _rows[_latest].File == file)
        {
            return _latest;
        }

        if (_rows.Count > MostListed)
        {
            _places ??= _rows.Select((row, at) => (row.File, at)).ToDictionary(row => row.File, row => row.at);
            if (!_places.TryGetValue(file, out _latest))
            {
                _latest = _places[file] = _rows.Count;
                _rows.Add((file, default));
            }

            return _latest;
        }

        _latest = _rows.FindIndex(row => row.File == file);
        if (_latest < 0)
        {
            _latest = _rows.Count;
            _rows.Add((file, default));
        }

        return _latest;
    }
}

/// <summary>Rows that a transaction touched in one relation.</summary>
internal readonly record struct RowCounts(long Inserted, long Updated, long Deleted)
{
    public static RowCounts operator +(RowCounts a, RowCounts b) =>
        new(a.Inserted + b.Inserted, a.Updated + b.Updated, a.Deleted + b.Deleted);

    /// <summary>What a record does; nothing for a speculative insertion that is taken back, and its taking back.</summary>
    internal static RowCounts Of(in HeapChange change) => change.Kind switch
    {
        HeapChangeKind.Insert or HeapChangeKind.MultiInsert => new(change.Rows, 0, 0),
        HeapChangeKind.Delete when change.AbortsSpeculativeInsert => new(-1, 0, 0),
        HeapChangeKind.Delete when change.MovesToOtherPartition => new(0, 1, 0),
        HeapChangeKind.Delete => new(0, 0, 1),
        HeapChangeKind.Update or HeapChangeKind.HotUpdate => new(0, 1, 0),
        _ => default,
    };
}
