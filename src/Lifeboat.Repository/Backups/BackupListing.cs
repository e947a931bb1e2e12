using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Backups;

/// <summary>All backups of a cluster, with what people say of them, and those that have expired.</summary>
/// <param name="Backups">Oldest first.</param>
/// <param name="Damage">
/// Manifests, tombstones and marks that cannot be read. A backup whose manifest cannot be read is in no other list.
/// </param>
/// <param name="Notes">By backup id; one that nobody said anything of is not here.</param>
/// <param name="Expired">Oldest first. Their manifests may be gone already.</param>
/// <param name="Unreadable">Folders of backups whose manifest cannot be read and that have not expired.</param>
public sealed record BackupListing(
    IReadOnlyList<BackupManifest> Backups,
    IReadOnlyList<DamagedObjectException> Damage,
    IReadOnlyDictionary<string, BackupNotes> Notes,
    IReadOnlyList<ExpiredBackup> Expired,
    IReadOnlyList<UnreadableBackup> Unreadable)
{
    public BackupNotes NotesOf(string backup) => Notes.GetValueOrDefault(backup) ?? BackupNotes.None;

    /// <param name="withNotes">Whether marks are read: one request for each.</param>
    /// <exception cref="Platform.Errors.LifeboatException">Errors of the store; never a part of the list.</exception>
    public static async ValueTask<BackupListing> LoadAsync(
        Cluster cluster, bool withNotes, CancellationToken cancellationToken)
    {
        var names = await BackupNames.ListAsync(cluster, cancellationToken);
        var damage = new List<DamagedObjectException>();
        var expired = await ReadTombstonesAsync(cluster, names.Tombstones, damage, cancellationToken);
        var gone = expired.Select(item => BackupCatalog.Folder(item.Name)).ToHashSet(StringComparer.Ordinal);
        var backups = new List<BackupManifest>();
        var unreadable = new List<UnreadableBackup>();
        foreach (var (lineage, name) in names.Manifests.Where(item => !gone.Contains(BackupCatalog.Folder(item.Name))))
        {
            try
            {
                var backup = await BackupCatalog.ReadAsync(cluster, name, cancellationToken);
                if (names.IsComplete(cluster, backup))
                {
                    backups.Add(backup);
                }
            }
            catch (DamagedObjectException damaged)
            {
                damage.Add(damaged);
                unreadable.Add(new UnreadableBackup(name.Value.Split('/')[^2], lineage, damaged.Kind));
            }
        }

        var notes = withNotes
            ? await ReadNotesAsync(cluster, names.Marks, gone, damage, cancellationToken)
            : [];
        return new BackupListing(
            [.. backups.OrderBy(backup => backup.Id, StringComparer.Ordinal)],
            damage,
            notes,
            [.. expired.Select(item => item.Expired).OrderBy(item => item.Record.Backup, StringComparer.Ordinal)],
            unreadable);
    }

    /// <summary>
    /// The backups that have expired. A tombstone that does not open as the one of its backup expires nothing:
    /// whoever can
    /// only add objects must not be able to hide a backup.
    /// </summary>
    private static async ValueTask<List<(ObjectName Name, ExpiredBackup Expired)>> ReadTombstonesAsync(
        Cluster cluster,
        IReadOnlyList<(Id128 Lineage, ObjectName Name)> tombstones,
        List<DamagedObjectException> damage,
        CancellationToken cancellationToken)
    {
        var expired = new List<(ObjectName Name, ExpiredBackup Expired)>();
        foreach (var (lineage, name) in tombstones)
        {
            try
            {
                expired.Add((name, new ExpiredBackup(
                    lineage, await BackupCatalog.ReadTombstoneAsync(cluster, name, cancellationToken))));
            }
            catch (DamagedObjectException damaged)
            {
                damage.Add(damaged);
            }
        }

        return expired;
    }

    private static async ValueTask<Dictionary<string, BackupNotes>> ReadNotesAsync(
        Cluster cluster,
        IReadOnlyList<(uint Serial, ObjectName Name)> marks,
        HashSet<string> gone,
        List<DamagedObjectException> damage,
        CancellationToken cancellationToken)
    {
        var read = new Dictionary<string, List<(uint Serial, BackupMark Mark)>>(StringComparer.Ordinal);
        foreach (var (serial, name) in marks)
        {
            if (gone.Contains(BackupCatalog.Folder(new ObjectName(BackupCatalog.Folder(name)))))
            {
                continue;
            }

            try
            {
                var mark = await BackupMarks.ReadAsync(cluster, name, cancellationToken);
                read.TryAdd(mark.Backup, []);
                read[mark.Backup].Add((serial, mark));
            }
            catch (DamagedObjectException damaged)
            {
                damage.Add(damaged);
            }
        }

        return read.ToDictionary(pair => pair.Key, pair => BackupNotes.Of(pair.Value), StringComparer.Ordinal);
    }
}

/// <summary>A backup that has a tombstone.</summary>
public sealed record ExpiredBackup(Id128 Lineage, TombstoneRecord Record);

/// <summary>A backup that exists and whose manifest cannot be read.</summary>
public sealed record UnreadableBackup(string Id, Id128 Lineage, DamageKind Kind);
