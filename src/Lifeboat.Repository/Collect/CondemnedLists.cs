using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Collect;

/// <summary>A list of condemned objects, and how far it has come.</summary>
/// <param name="Put">By the store's clock.</param>
/// <param name="ClearedAt">By the store's clock; null as long as older leases may live.</param>
/// <param name="Swept">Null as long as something of it may be there.</param>
/// <param name="Parts">Its objects in the order in which they are removed when it is forgotten.</param>
internal sealed record CondemnedList(
    CondemnedRecord Record,
    DateTimeOffset Put,
    ClearedRecord? Cleared,
    DateTimeOffset ClearedAt,
    SweptRecord? Swept,
    IReadOnlyList<ObjectName> Parts)
{
    internal Id128 Id => Record.Id;

    /// <summary>Names that nobody may come to rely on.</summary>
    internal IEnumerable<string> Names => Swept is null
        ? Record.Objects.Select(item => item.Name)
        : Record.Objects.Select(item => item.Name).Except(Swept.Spared, StringComparer.Ordinal);
}

/// <summary>What is condemned in a cluster.</summary>
/// <param name="Damage">Lists that cannot be read. Nothing goes by them; and nobody knows what had gone by them.</param>
internal sealed record CondemnedLists(
    IReadOnlyList<CondemnedList> Lists, IReadOnlyList<DamagedObjectException> Damage)
{
    private const string ListPart = "list";
    private const string ClearedPart = "cleared";
    private const string SweptPart = "swept";

    internal HashSet<string> Names => Lists.SelectMany(list => list.Names).ToHashSet(StringComparer.Ordinal);

    internal static async ValueTask<CondemnedLists> LoadAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var prefix = ObjectNames.Condemned(cluster.Name);
        var dates = new Dictionary<Id128, DateTimeOffset>();
        await foreach (var facts in cluster.Store.ListAsync(prefix, cancellationToken))
        {
            if (facts.Name.Value[prefix.Length..].Split('/') is [var text, ListPart] && Id128.TryParse(text, out var id))
            {
                dates[id] = facts.LastModified;
            }
        }

        var lists = new List<CondemnedList>();
        var damage = new List<DamagedObjectException>();
        foreach (var (id, put) in dates)
        {
            try
            {
                lists.Add(await ReadAsync(cluster, id, put, cancellationToken));
            }
            catch (DamagedObjectException gone) when (gone.Kind == DamageKind.Missing)
            {
                // A listing that lags: the list was forgotten.
            }
            catch (DamagedObjectException damaged)
            {
                damage.Add(damaged);
            }
        }

        return new CondemnedLists([.. lists.OrderBy(list => list.Put)], damage);
    }

    internal static ValueTask PutAsync(Cluster cluster, CondemnedRecord record, CancellationToken cancellationToken) =>
        IgnoreAsync(Documents.PutAsync(
            cluster.Store,
            ObjectNames.Condemned(cluster.Name, record.Id, ListPart),
            ContainerKind.Condemned,
            cluster.DataKey,
            RepositoryJson.Default.CondemnedRecord,
            record,
            cluster.Time.GetUtcNow(),
            cancellationToken));

    internal static ValueTask PutAsync(Cluster cluster, ClearedRecord record, CancellationToken cancellationToken) =>
        IgnoreAsync(Documents.PutAsync(
            cluster.Store,
            ObjectNames.Condemned(cluster.Name, record.Id, ClearedPart),
            ContainerKind.Cleared,
            cluster.DataKey,
            RepositoryJson.Default.ClearedRecord,
            record,
            cluster.Time.GetUtcNow(),
            cancellationToken));

    internal static ValueTask PutAsync(Cluster cluster, SweptRecord record, CancellationToken cancellationToken) =>
        IgnoreAsync(Documents.PutAsync(
            cluster.Store,
            ObjectNames.Condemned(cluster.Name, record.Id, SweptPart),
            ContainerKind.Swept,
            cluster.DataKey,
            RepositoryJson.Default.SweptRecord,
            record,
            cluster.Time.GetUtcNow(),
            cancellationToken));

    /// <summary>Its later parts are asked for by name: a listing that lags must not hide that it was cleared.</summary>
    private static async ValueTask<CondemnedList> ReadAsync(
        Cluster cluster, Id128 id, DateTimeOffset put, CancellationToken cancellationToken)
    {
        var (list, cleared, swept) = (
            ObjectNames.Condemned(cluster.Name, id, ListPart),
            ObjectNames.Condemned(cluster.Name, id, ClearedPart),
            ObjectNames.Condemned(cluster.Name, id, SweptPart));
        var record = await Documents.ReadAsync(
            cluster.Store,
            list,
            ContainerKind.Condemned,
            cluster.DataKey,
            RepositoryJson.Default.CondemnedRecord,
            cancellationToken);
        var clearedFacts = await cluster.Store.StatAsync(cleared, cancellationToken);
        var sweptFacts = await cluster.Store.StatAsync(swept, cancellationToken);
        return new CondemnedList(
            record,
            put,
            clearedFacts is null
                ? null
                : await Documents.ReadAsync(
                    cluster.Store,
                    cleared,
                    ContainerKind.Cleared,
                    cluster.DataKey,
                    RepositoryJson.Default.ClearedRecord,
                    cancellationToken),
            clearedFacts?.LastModified ?? default,
            sweptFacts is null
                ? null
                : await Documents.ReadAsync(
                    cluster.Store,
                    swept,
                    ContainerKind.Swept,
                    cluster.DataKey,
                    RepositoryJson.Default.SweptRecord,
                    cancellationToken),
            [list, cleared, swept]);
    }

    private static async ValueTask IgnoreAsync(ValueTask<PutOutcome> put) => await put;
}
