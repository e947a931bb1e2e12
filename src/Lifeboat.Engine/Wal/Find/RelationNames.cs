using System.Globalization;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Wal.Find;

/// <summary>A relation as far as it is known by name.</summary>
/// <param name="Schema">Null when only its oid is known.</param>
/// <param name="Kind">relkind; <c>?</c> when it is not known.</param>
internal sealed record NamedRelation(uint Database, uint Oid, string? Schema, string Name, char Kind)
{
    internal bool IsOfSystem => Schema is "pg_catalog" or "pg_toast" or "information_schema" || Kind == 't';

    /// <summary>It holds rows that a user put there: a table or a materialised view.</summary>
    internal bool HoldsRows => Kind is 'r' or 'm' or 'p' or '?';

    internal string FullName => Schema is null ? Name : $"{Schema}.{Name}";
}

/// <summary>
/// Which files belong to which relation, at one point of the WAL: by the catalog maps of the backups around it, and by
/// what the WAL itself told since.
/// </summary>
internal sealed class RelationNames
{
    internal const uint PgClass = 1259;
    internal const uint PgNamespace = 2615;
    internal const uint PgDatabase = 1262;

    private const uint FirstOfUsers = 16384;

    private readonly Dictionary<(uint Database, uint File), NamedRelation> _learned = [];
    private readonly Dictionary<(uint Database, uint Namespace), string> _namespaces = [];
    private readonly Dictionary<(uint Database, uint Catalog), uint> _catalogs = [];
    private readonly List<(Lsn Stop, CatalogFiles Files)> _maps = [];
    private CatalogFiles[] _order = [];
    private Lsn _next = Lsn.Max;

    /// <summary>Takes the catalog map of a backup that ended there.</summary>
    internal void Add(Lsn stop, IReadOnlyList<CatalogLine> lines)
    {
        _maps.Add((stop, new CatalogFiles(lines)));
        Order(Lsn.Zero);
    }

    /// <summary>
    /// From here on the newest map at or before this position counts first, then older ones, then those behind it.
    /// </summary>
    internal void MoveTo(Lsn position)
    {
        if (position >= _next)
        {
            Order(position);
        }
    }

    internal NamedRelation? Find(RelFileLocator file)
    {
        if (_learned.TryGetValue((file.Database, file.RelNumber), out var learned))
        {
            return learned;
        }

        foreach (var map in _order)
        {
            if (map.Find(file.Database, file.RelNumber) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Also for a relation without a name: then the number of its files stands for it.</summary>
    internal NamedRelation Describe(RelFileLocator file) => Find(file) ?? new NamedRelation(
        file.Database,
        file.RelNumber,
        file.RelNumber < FirstOfUsers ? "pg_catalog" : null,
        string.Create(CultureInfo.InvariantCulture, $"file {file.RelNumber}"),
        '?');

    internal string DatabaseName(uint database)
    {
        if (database == 0)
        {
            return "";
        }

        return _order.Select(map => map.DatabaseName(database)).FirstOrDefault(name => name is not null)
            ?? string.Create(CultureInfo.InvariantCulture, $"oid {database}");
    }

    /// <summary>Whether the file is that of a mapped or unmapped catalog, by the catalog's oid.</summary>
    internal bool Is(uint catalog, RelFileLocator file) => file.RelNumber == FileOf(file.Database, catalog);

    internal void LearnCatalog(uint database, uint oid, uint file)
    {
        _catalogs[(database, oid)] = file;
        if (_order.Select(map => map.FindOid(database, oid)).FirstOrDefault(known => known is not null) is { } known)
        {
            _learned[(database, file)] = known;
        }
    }

    internal void Learn(uint database, uint file, NamedRelation relation) => _learned[(database, file)] = relation;

    internal void Learn(uint database, PgNamespaceRow row) => _namespaces[(database, row.Oid)] = row.Name;

    internal void Forget(RelFileLocator file) => _learned.Remove((file.Database, file.RelNumber));

    internal NamedRelation Of(uint database, PgClassRow row) => new(
        database,
        row.Oid,
        row.Namespace switch
        {
            11 => "pg_catalog",
            99 => "pg_toast",
            2200 => "public",
            _ => _namespaces.GetValueOrDefault((database, row.Namespace)),
        },
        row.Name,
        row.Kind);

    private void Order(Lsn position)
    {
        _order =
        [
            .. _maps.Where(map => map.Stop <= position).OrderByDescending(map => map.Stop)
                .Concat(_maps.Where(map => map.Stop > position).OrderBy(map => map.Stop))
                .Select(map => map.Files),
        ];
        _next = _maps.Where(map => map.Stop > position).Select(map => (Lsn?)map.Stop).Min() ?? Lsn.Max;
    }

    private uint FileOf(uint database, uint catalog)
    {
        if (_catalogs.TryGetValue((database, catalog), out var file))
        {
            return file;
        }

        file = _order.Select(map => map.FileOf(database, catalog)).FirstOrDefault(known => known is not null) ?? catalog;
        _catalogs[(database, catalog)] = file;
        return file;
    }

    /// <summary>One backup's catalog map, by files.</summary>
    private sealed class CatalogFiles
    {
        private readonly Dictionary<(uint, uint), CatalogLine> _files = [];
        private readonly Dictionary<(uint, uint), CatalogLine> _catalogs = [];
        private readonly Dictionary<uint, string> _databases = [];

        internal CatalogFiles(IReadOnlyList<CatalogLine> lines)
        {
            foreach (var line in lines)
            {
                if (line.Relation is not { } oid)
                {
                    _databases.TryAdd(line.Database, line.DatabaseName ?? "");
                    continue;
                }

                if (line.Filenode is { } file and not 0)
                {
                    _files.TryAdd((line.Database, file), line);
                }

                if (oid < FirstOfUsers)
                {
                    _catalogs.TryAdd((line.Database, oid), line);
                }
            }
        }

        internal NamedRelation? Find(uint database, uint file) =>
            _files.TryGetValue((database, file), out var line) ? Named(line) : null;

        internal NamedRelation? FindOid(uint database, uint oid) =>
            _catalogs.TryGetValue((database, oid), out var line) ? Named(line) : null;

        internal uint? FileOf(uint database, uint catalog) =>
            _catalogs.TryGetValue((database, catalog), out var line) ? line.Filenode : null;

        internal string? DatabaseName(uint database) => _databases.GetValueOrDefault(database);

        private static NamedRelation Named(CatalogLine line) => new(
            line.Database, line.Relation!.Value, line.Schema, line.Name ?? "", line.Kind is [var kind, ..] ? kind : '?');
    }
}
