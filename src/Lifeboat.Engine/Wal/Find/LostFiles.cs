using System.Globalization;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Engine.Wal.Find;

/// <summary>Why the files of a commit's dropped relations went away.</summary>
/// <remarks>
/// A commit lists files and not reasons; DROP, TRUNCATE, VACUUM FULL, CLUSTER, REINDEX and ALTER TABLE all leave old files
/// behind. What tells them apart:
/// <list type="bullet">
/// <item>A table was dropped when the row of its ctid column is among the commit's cache invalidations
/// (<see cref="AttributeCacheHash"/>): only making and dropping a table writes that row.</item>
/// <item>A table was rewritten when a table <c>pg_temp_OID</c> was made, which lent it its new files. Such new files are
/// those of a table that was made, by the same hash; those that TRUNCATE gives are of none.</item>
/// <item>TRUNCATE's new heap lies in the same tablespace and gets no pages but those of rows that are inserted behind it;
/// an index gets its first page at once, and a move to another tablespace copies all pages.</item>
/// </list>
/// </remarks>
internal sealed class LostFiles
{
    private const string TransientPrefix = "pg_temp_";

    private readonly HashSet<uint> _catalogRows = [];
    private readonly HashSet<(uint, uint)> _rewritten = [];
    private readonly List<RelFileLocator> _new;
    private readonly HashSet<RelFileLocator> _filled;
    private readonly RelationNames _names;
    private readonly TransactionWork _work;

    /// <param name="filled">Of the files that were made, those into which pages came that are no rows'.</param>
    internal LostFiles(
        in TransactionEnd commit, TransactionWork work, RelationNames names, HashSet<RelFileLocator> filled)
    {
        _names = names;
        _work = work;
        _filled = filled;
        var lost = new List<RelFileLocator>();
        // Files are scheduled in front of those scheduled before.
        for (var at = commit.DroppedRelationCount - 1; at >= 0; at--)
        {
            lost.Add(commit.DroppedRelations[at]);
        }

        Old = [.. lost.Except(work.Created)];
        _new = [.. work.Created.Except(lost)];
        for (var at = 0; at < commit.Invalidations.Count; at++)
        {
            if (commit.Invalidations[at] is { IsOfCatalogRow: true } row)
            {
                _catalogRows.Add(row.Value);
            }
        }

        foreach (var (database, row) in work.Classes)
        {
            if (TransientOf(row.Name) is { } oid)
            {
                _rewritten.Add((database, oid));
            }
        }
    }

    /// <summary>Files that were there before the transaction and are gone with it, in the order in which it left them.</summary>
    internal IReadOnlyList<RelFileLocator> Old { get; }

    /// <summary>The tables that were dropped, each with its files.</summary>
    internal IEnumerable<(RelFileLocator File, NamedRelation Relation)> Dropped()
    {
        foreach (var file in Old)
        {
            var known = _names.Find(file);
            if (known is not null && IsMadeOrDropped(known.Oid))
            {
                yield return (file, known);
            }
            else if (known is null && IsMadeOrDropped(file.RelNumber))
            {
                // The files of a table that was never rewritten have its oid for a number.
                yield return (file, ByOid(file.Database, file.RelNumber, '?'));
            }
        }
    }

    internal IEnumerable<(RelFileLocator File, NamedRelation Relation)> Truncated()
    {
        foreach (var file in Old)
        {
            var relation = _names.Find(file);
            if (relation is null)
            {
                // TRUNCATE begins with the table itself; what follows are its indexes and its TOAST table.
                if (file == Old[0] && IsEmptiedInPlace(file) && _rewritten.Count == 0)
                {
                    yield return (file, _names.Describe(file));
                }
            }
            else if (relation.HoldsRows && !IsMadeOrDropped(relation.Oid)
                && (_work.Truncated.Contains((relation.Database, relation.Oid))
                    || (!_rewritten.Contains((relation.Database, relation.Oid)) && IsEmptiedInPlace(file))))
            {
                yield return (file, relation);
            }
        }
    }

    /// <summary>From here on the new files have the names of those that they took the place of.</summary>
    internal void Learn()
    {
        foreach (var (database, row) in _work.Namespaces)
        {
            _names.Learn(database, row);
        }

        var old = Old.Select(file => (File: file, Relation: _names.Find(file))).ToList();
        foreach (var (database, row) in _work.Classes.Where(made => made.Row.FileNode != 0))
        {
            _names.Learn(
                database,
                row.FileNode,
                TransientOf(row.Name) is { } oid
                    ? old.Find(lost => lost.File.Database == database && lost.Relation?.Oid == oid).Relation
                        ?? OfThisTransaction(database, oid)
                        ?? ByOid(database, oid, row.Kind)
                    : _names.Of(database, row));
        }

        var replaced = old.Where(lost => lost.Relation is not { } relation
            || (!IsMadeOrDropped(relation.Oid) && !_rewritten.Contains((relation.Database, relation.Oid)))).ToList();
        var replacing = _new.Where(file => !IsMadeOrDropped(file.RelNumber)).ToList();
        if (replaced.Count == replacing.Count)
        {
            foreach (var (lost, file) in replaced.Zip(replacing))
            {
                if (lost.Relation is { } relation && lost.File.Database == file.Database)
                {
                    _names.Learn(file.Database, file.RelNumber, relation);
                }
            }
        }

        foreach (var file in Old)
        {
            _names.Forget(file);
        }
    }

    private static uint? TransientOf(string name) =>
        name.StartsWith(TransientPrefix, StringComparison.Ordinal)
        && uint.TryParse(
            name.AsSpan(TransientPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var oid)
            ? oid
            : null;

    private static NamedRelation ByOid(uint database, uint oid, char kind) =>
        new(database, oid, Schema: null, string.Create(CultureInfo.InvariantCulture, $"oid {oid}"), kind);

    /// <summary>A table that is made and rewritten at once, as a materialised view is since 17.</summary>
    private NamedRelation? OfThisTransaction(uint database, uint oid) => _work.Classes
        .Where(made => made.Database == database && made.Row.Oid == oid)
        .Select(made => _names.Of(database, made.Row))
        .FirstOrDefault();

    private bool IsMadeOrDropped(uint relation) => _catalogRows.Contains(AttributeCacheHash.OfCtid(relation));

    private bool IsEmptiedInPlace(RelFileLocator lost) => _new.Exists(file =>
        file.Tablespace == lost.Tablespace && file.Database == lost.Database
        && !IsMadeOrDropped(file.RelNumber) && !_filled.Contains(file));
}
