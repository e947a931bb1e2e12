using System.Text.Json.Serialization.Metadata;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>A list of condemned objects, and how far it has come.</summary>
/// <param name="Put">By the store's clock.</param>
/// <param name="ClearedAt">By the store's clock; null as long as older leases may live.</param>
/// <param name="SweptAt">By the store's clock.</param>
/// <param name="Swept">Null as long as something of it may be there that should not.</param>
internal sealed record CondemnedList(
    CondemnedRecord Record,
    DateTimeOffset Put,
    ClearedRecord? Cleared,
    DateTimeOffset ClearedAt,
    SweptRecord? Swept,
    DateTimeOffset SweptAt)
{
    internal Id128 Id => Record.Id;

    /// <summary>What of it has been found to go, while locks still hold it; null: that is not decided yet.</summary>
    internal DecidedRecord? Decided { get; init; }

    internal bool IsOpen => Swept is null;

    /// <summary>Names that nobody may come to rely on, as long as the list is there.</summary>
    internal IEnumerable<string> Names => Record.Objects.Select(item => item.Name);

    /// <summary>
    /// What nobody needs for certain. A writer whose lease is older than the list may come to need the rest, so that until then, and
    /// what is spared for always, it stays locked.
    /// </summary>
    internal IEnumerable<string> Going => (Swept?.Spared ?? Decided?.Spared) is { } spared ? Names.Except(spared) : [];
}

/// <summary>What is condemned in a cluster.</summary>
/// <param name="Lists">Oldest first.</param>
/// <param name="Damage">Lists that cannot be read. Nothing goes by them; and nobody knows what had gone by them.</param>
internal sealed record CondemnedLists(
    IReadOnlyList<CondemnedList> Lists, IReadOnlyList<DamagedObjectException> Damage)
{
    private const string ListPart = "list";
    private const string ClearedPart = "cleared";
    private const string SweptPart = "swept";
    private const string DecidedPart = "decided";
    private const int MostAtOnce = 16;

    /// <summary>Parts of lists that were forgotten: whoever did so died, or somebody put them later.</summary>
    internal IReadOnlyList<ObjectFacts> Strays { get; init; } = [];

    internal HashSet<string> Names => NamesOf(Lists);

    internal static HashSet<string> NamesOf(IEnumerable<CondemnedList> lists) =>
        lists.SelectMany(list => list.Names).ToHashSet(StringComparer.Ordinal);

    internal static async ValueTask<CondemnedLists> LoadAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var prefix = ObjectNames.Condemned(cluster.Name);
        var dates = new List<(Id128 Id, DateTimeOffset Put)>();
        var parts = new List<(Id128 Id, ObjectFacts Facts)>();
        await foreach (var facts in cluster.Store.ListAsync(prefix, cancellationToken))
        {
            if (facts.Name.Value[prefix.Length..].Split('/') is [var text, var part] && Id128.TryParse(text, out var id))
            {
                if (part == ListPart)
                {
                    dates.Add((id, facts.LastModified));
                }
                else
                {
                    parts.Add((id, facts));
                }
            }
        }

        var lists = new List<CondemnedList>();
        var damage = new List<DamagedObjectException>();
        var options = RequestsAtOnce.Options(MostAtOnce, cancellationToken);
        await Parallel.ForEachAsync(dates, options, async (item, stopping) =>
        {
            try
            {
                var list = await ReadAsync(cluster, item.Id, item.Put, stopping);
                lock (lists)
                {
                    lists.Add(list);
                }
            }
            catch (DamagedObjectException gone) when (gone.Kind == DamageKind.Missing)
            {
                // A listing that lags: the list was forgotten.
            }
            catch (DamagedObjectException damaged)
            {
                lock (lists)
                {
                    damage.Add(damaged);
                }
            }
        });
        return new CondemnedLists([.. lists.OrderBy(list => list.Put).ThenBy(list => list.Id)], damage)
        {
            Strays = [.. parts.Where(part => !dates.Exists(list => list.Id == part.Id)).Select(part => part.Facts)],
        };
    }

    /// <summary>The objects of a list in the order in which they are removed: the list itself is the first.</summary>
    internal static IEnumerable<ObjectName> PartsOf(Cluster cluster, Id128 list) =>
    [
        ObjectNames.Condemned(cluster.Name, list, ListPart),
        ObjectNames.Condemned(cluster.Name, list, ClearedPart),
        ObjectNames.Condemned(cluster.Name, list, SweptPart),
        .. cluster.Store.Locks is null ? [] : (ObjectName[])[ObjectNames.Condemned(cluster.Name, list, DecidedPart)],
    ];

    internal static ValueTask PutAsync(Cluster cluster, CondemnedRecord record, CancellationToken cancellationToken) =>
        PutAsync(
            cluster, record.Id, ListPart, ContainerKind.Condemned, RepositoryJson.Default.CondemnedRecord, record,
            cancellationToken);

    internal static ValueTask PutAsync(Cluster cluster, ClearedRecord record, CancellationToken cancellationToken) =>
        PutAsync(
            cluster, record.Id, ClearedPart, ContainerKind.Cleared, RepositoryJson.Default.ClearedRecord, record,
            cancellationToken);

    internal static ValueTask PutAsync(Cluster cluster, SweptRecord record, CancellationToken cancellationToken) =>
        PutAsync(
            cluster, record.Id, SweptPart, ContainerKind.Swept, RepositoryJson.Default.SweptRecord, record,
            cancellationToken);

    /// <summary>In place of the one that is there: as long as none is, everything that the list names is locked for longer.</summary>
    internal static async ValueTask PutAsync(Cluster cluster, DecidedRecord record, CancellationToken cancellationToken)
    {
        await cluster.Store.DeleteAsync(ObjectNames.Condemned(cluster.Name, record.Id, DecidedPart), cancellationToken);
        await PutAsync(
            cluster, record.Id, DecidedPart, ContainerKind.Decided, RepositoryJson.Default.DecidedRecord, record,
            cancellationToken);
    }

    /// <summary>Its later parts are asked for by name: a listing that lags must not hide that it was cleared.</summary>
    private static async ValueTask<CondemnedList> ReadAsync(
        Cluster cluster, Id128 id, DateTimeOffset put, CancellationToken cancellationToken)
    {
        var record = await ReadAsync(
            cluster, id, ListPart, ContainerKind.Condemned, RepositoryJson.Default.CondemnedRecord, cancellationToken);
        if (record.Id != id)
        {
            throw new DamagedObjectException(
                ObjectNames.Condemned(cluster.Name, id, ListPart), DamageKind.Inconsistent, $"it is list {record.Id}");
        }

        var cleared = await StatAsync(ClearedPart);
        var swept = await StatAsync(SweptPart);
        return new CondemnedList(
            record,
            put,
            cleared is null
                ? null
                : await ReadAsync(
                    cluster, id, ClearedPart, ContainerKind.Cleared, RepositoryJson.Default.ClearedRecord, cancellationToken),
            cleared?.LastModified ?? default,
            swept is null
                ? null
                : await ReadAsync(
                    cluster, id, SweptPart, ContainerKind.Swept, RepositoryJson.Default.SweptRecord, cancellationToken),
            swept?.LastModified ?? default)
        {
            Decided = cluster.Store.Locks is null || swept is not null || await StatAsync(DecidedPart) is null
                ? null
                : await ReadAsync(
                    cluster, id, DecidedPart, ContainerKind.Decided, RepositoryJson.Default.DecidedRecord, cancellationToken),
        };

        ValueTask<ObjectFacts?> StatAsync(string part) =>
            cluster.Store.StatAsync(ObjectNames.Condemned(cluster.Name, id, part), cancellationToken);
    }

    private static ValueTask<T> ReadAsync<T>(
        Cluster cluster,
        Id128 list,
        string part,
        ContainerKind kind,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken) =>
        Documents.ReadAsync(
            cluster.Store, ObjectNames.Condemned(cluster.Name, list, part), kind, cluster.DataKey, type, cancellationToken);

    /// <summary>One that is there already says the same: whoever put it did so for the same reason.</summary>
    private static async ValueTask PutAsync<T>(
        Cluster cluster,
        Id128 list,
        string part,
        ContainerKind kind,
        JsonTypeInfo<T> type,
        T record,
        CancellationToken cancellationToken) =>
        _ = await Documents.PutAsync(
            cluster.Store,
            ObjectNames.Condemned(cluster.Name, list, part),
            kind,
            cluster.DataKey,
            type,
            record,
            cluster.Time.GetUtcNow(),
            cancellationToken);
}
