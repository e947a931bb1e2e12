using System.Text.Json;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Backups;

/// <summary>
/// The backups of a cluster. One exists when its manifest does and no tombstone expires it; a manifest that cannot be
/// read is reported and never passed over in silence.
/// </summary>
public static class BackupCatalog
{
    /// <summary>Frames of the catalog map hold at most this much text before the next one begins.</summary>
    private const int CatalogFrame = 512 << 10;

    /// <summary>The object that a backup's manifest is.</summary>
    public static ObjectName NameOf(Cluster cluster, BackupManifest manifest) =>
        ObjectNames.Manifest(cluster.Name, manifest.Lineage, manifest.Id);

    /// <summary>All backups, oldest first, and the manifests that could not be read.</summary>
    public static async ValueTask<(IReadOnlyList<BackupManifest> Backups, IReadOnlyList<DamagedObjectException> Damage)>
        ListAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        var listing = await BackupListing.LoadAsync(cluster, withNotes: false, cancellationToken);
        return (listing.Backups, listing.Damage);
    }

    /// <summary>The manifest of one backup: its id, the beginning of it, or <c>latest</c>.</summary>
    /// <exception cref="LifeboatException">NotFound, or Usage when a beginning fits several.</exception>
    public static async ValueTask<BackupManifest> FindAsync(
        Cluster cluster, string id, CancellationToken cancellationToken)
    {
        var (backups, damage) = await ListAsync(cluster, cancellationToken);
        var fitting = string.Equals(id, "latest", StringComparison.Ordinal)
            ? backups.TakeLast(1).ToList()
            : [.. backups.Where(backup => backup.Id.StartsWith(id, StringComparison.Ordinal))];
        if (fitting.Count == 1)
        {
            RefuseToGuess(id, fitting[0], damage);
            return fitting[0];
        }

        if (fitting.Count > 1)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                "find the backup",
                id,
                $"{fitting.Count} backups begin like this",
                Hint: "Give more of the id: " + string.Join(", ", fitting.Take(5).Select(backup => backup.Id))));
        }

        throw damage.FirstOrDefault(damaged => damaged.Name.Value.Contains($"/{id}", StringComparison.Ordinal))
            ?? new LifeboatException(new Failure(
                ErrorCode.NotFound,
                "find the backup",
                id,
                $"cluster {cluster.Name} has {backups.Count} backups and none of this id"
                + (damage.Count == 0 ? "" : $" ({damage.Count} more cannot be read: {damage[0].Message})"),
                Hint: "'lifeboat list' shows the ids of all backups."));
    }

    /// <summary>The latest is not known while a newer manifest cannot be read.</summary>
    private static void RefuseToGuess(
        string id, BackupManifest found, IReadOnlyList<DamagedObjectException> damage)
    {
        var newer = damage.FirstOrDefault(damaged => damaged.Name.LastPart == "manifest"
            && string.CompareOrdinal(Folder(damaged.Name)[^found.Id.Length..], found.Id) > 0);
        if (newer is not null && string.Equals(id, "latest", StringComparison.Ordinal))
        {
            throw new LifeboatException(
                new Failure(
                    ErrorCode.Damaged,
                    "find the latest backup",
                    newer.Name.Value,
                    $"it is newer than {found.Id} and cannot be read: {newer.Detail}",
                    Hint: $"To use the newest backup that can be read, name it: {found.Id}."),
                newer);
        }
    }

    /// <summary>Makes a backup exist. Everything that the manifest names must be durable before.</summary>
    public static async ValueTask PutAsync(
        Cluster cluster,
        BackupManifest manifest,
        IEnumerable<CatalogLine> catalog,
        CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 3);
        await using var writer = await ContainerWriter.CreateAsync(
            cluster.Store,
            ObjectNames.Manifest(cluster.Name, manifest.Lineage, manifest.Id),
            ContainerKind.Manifest,
            cluster.DataKey,
            compressor,
            cluster.Time.GetUtcNow(),
            cancellationToken,
            readBack: true);
        await writer.WriteFrameAsync(
            JsonSerializer.SerializeToUtf8Bytes(manifest, RepositoryJson.Default.BackupManifest), cancellationToken);
        var lines = new ByteSink(CatalogFrame);
        foreach (var line in catalog)
        {
            lines.Bytes(JsonSerializer.SerializeToUtf8Bytes(line, RepositoryJson.Default.CatalogLine));
            lines.Byte((byte)'\n');
            if (lines.Length >= CatalogFrame)
            {
                await writer.WriteFrameAsync(lines.Memory, cancellationToken);
                lines.Clear();
            }
        }

        if (lines.Length > 0)
        {
            await writer.WriteFrameAsync(lines.Memory, cancellationToken);
        }

        if (await writer.CompleteAsync(default, PutCondition.IfAbsent, cancellationToken) != PutOutcome.Created)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Conflict,
                "record the backup",
                manifest.Id,
                "another backup has this id",
                Hint: "Run the backup again: it gets a new id, and stores nothing twice."));
        }
    }

    /// <summary>Expires a backup; what only it needs may be collected from then on.</summary>
    /// <remarks>Whoever decides looks again behind it, and takes it back with <see cref="WithdrawAsync"/>.</remarks>
    /// <returns>Whether this call did: not when it had expired already.</returns>
    public static async ValueTask<bool> ExpireAsync(
        Cluster cluster,
        Id128 lineage,
        TombstoneRecord tombstone,
        CancellationToken cancellationToken) =>
        await Documents.PutAsync(
            cluster.Store,
            ObjectNames.Tombstone(cluster.Name, lineage, tombstone.Backup),
            ContainerKind.Tombstone,
            cluster.DataKey,
            RepositoryJson.Default.TombstoneRecord,
            tombstone,
            cluster.Time.GetUtcNow(),
            cancellationToken) == PutOutcome.Created;

    /// <summary>
    /// Takes back a tombstone that was put a moment ago, by the call that put it and before anything is collected.
    /// </summary>
    public static ValueTask WithdrawAsync(
        Cluster cluster, Id128 lineage, string backup, CancellationToken cancellationToken) =>
        cluster.Store.DeleteAsync(ObjectNames.Tombstone(cluster.Name, lineage, backup), cancellationToken);

    /// <summary>The databases and relations that the cluster had at the time of the backup.</summary>
    public static async ValueTask<IReadOnlyList<CatalogLine>> ReadCatalogAsync(
        Cluster cluster, BackupManifest manifest, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 3);
        using var reader = await ContainerReader.OpenAsync(
            cluster.Store,
            ObjectNames.Manifest(cluster.Name, manifest.Lineage, manifest.Id),
            ContainerKind.Manifest,
            cluster.DataKey,
            compressor,
            size: null,
            cancellationToken);
        var catalog = new List<CatalogLine>();
        for (var frame = 1; frame < reader.Frames; frame++)
        {
            var text = await reader.ReadFrameAsync(frame, cancellationToken);
            try
            {
                ReadLines(text, catalog);
            }
            catch (JsonException exception)
            {
                throw DamagedObjectException.Of(reader.Name, exception);
            }
        }

        return catalog;
    }

    private static void ReadLines(ReadOnlySpan<byte> text, List<CatalogLine> catalog)
    {
        foreach (var range in text.Split((byte)'\n'))
        {
            if (!text[range].IsEmpty)
            {
                catalog.Add(JsonSerializer.Deserialize(text[range], RepositoryJson.Default.CatalogLine)
                    ?? throw new JsonException("an empty line"));
            }
        }
    }

    internal static async ValueTask<TombstoneRecord> ReadTombstoneAsync(
        Cluster cluster, ObjectName name, CancellationToken cancellationToken)
    {
        var record = await Documents.ReadAsync(
            cluster.Store,
            name,
            ContainerKind.Tombstone,
            cluster.DataKey,
            RepositoryJson.Default.TombstoneRecord,
            cancellationToken);
        return Folder(name).EndsWith($"/{record.Backup}", StringComparison.Ordinal)
            ? record
            : throw new DamagedObjectException(name, DamageKind.Inconsistent, $"it is the tombstone of {record.Backup}");
    }

    internal static async ValueTask<BackupManifest> ReadAsync(
        Cluster cluster, ObjectName name, CancellationToken cancellationToken)
    {
        var manifest = await Documents.ReadAsync(
            cluster.Store,
            name,
            ContainerKind.Manifest,
            cluster.DataKey,
            RepositoryJson.Default.BackupManifest,
            cancellationToken);
        return ObjectNames.Manifest(cluster.Name, manifest.Lineage, manifest.Id) == name
            ? manifest
            : throw new DamagedObjectException(name, DamageKind.Inconsistent, $"it is the manifest of {manifest.Id}");
    }

    internal static string Folder(ObjectName name) => name.Value[..name.Value.LastIndexOf('/')];
}
