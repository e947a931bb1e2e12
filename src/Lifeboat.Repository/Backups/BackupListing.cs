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
    private const int MostAtOnce = 32;

    /// <summary>
    /// Manifests that have no completion: of backups that are about to end, and of writers that died. They are no backups,
    /// and what they need must be left alone.
    /// </summary>
    public IReadOnlyList<BackupManifest> Unfinished { get; init; } = [];

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
        var unfinished = new List<BackupManifest>();
        var unreadable = new List<UnreadableBackup>();
        var kept = names.Manifests.Where(item => !gone.Contains(BackupCatalog.Folder(item.Name))).ToList();
        foreach (var (at, manifest) in (await ReadAllAsync(
            kept,
            (item, stopping) => BackupCatalog.ReadAsync(cluster, item.Name, stopping),
            damage,
            cancellationToken)).Index())
        {
            if (manifest.Read is { } read)
            {
                (names.IsComplete(cluster, read) ? backups : unfinished).Add(read);
            }
            else if (manifest.Damage!.Kind == DamageKind.Missing && !names.HasCompletion(kept[at].Name))
            {
                // A collection took an unfinished one away since it was listed.
                damage.Remove(manifest.Damage);
            }
            else
            {
                unreadable.Add(new UnreadableBackup(
                    kept[at].Name.Value.Split('/')[^2], kept[at].Lineage, manifest.Damage!.Kind));
            }
        }

        var notes = withNotes
            ? await ReadNotesAsync(cluster, names.Marks, gone, damage, cancellationToken)
            : [];
        return new BackupListing(
            [.. backups.OrderBy(backup => backup.StartTime)
                .ThenBy(backup => backup.StopTime)
                .ThenBy(backup => backup.Id, StringComparer.Ordinal)],
            damage,
            notes,
            [.. expired.Select(item => item.Expired).OrderBy(item => item.Record.Backup, StringComparer.Ordinal)],
            unreadable)
        {
            Unfinished = unfinished,
        };
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
        var read = await ReadAllAsync(
            tombstones,
            (item, stopping) => BackupCatalog.ReadTombstoneAsync(cluster, item.Name, stopping),
            damage,
            cancellationToken);

        // One that went away since it was listed was taken back, or its backup is gone as well.
        damage.RemoveAll(damaged => damaged.Kind == DamageKind.Missing);
        return [.. read.Zip(tombstones)
            .Where(pair => pair.First.Read is not null)
            .Select(pair => (pair.Second.Name, new ExpiredBackup(pair.Second.Lineage, pair.First.Read!)))];
    }

    /// <summary>
    /// Reads many small objects, several at a time: a year of backups is hundreds of them, and a store may take 50 ms for
    /// each. Answers are in the order of the items; what is damaged is told once more in the list, in that order.
    /// </summary>
    private static async ValueTask<(T? Read, DamagedObjectException? Damage)[]> ReadAllAsync<TItem, T>(
        IReadOnlyList<TItem> items,
        Func<TItem, CancellationToken, ValueTask<T>> read,
        List<DamagedObjectException> damage,
        CancellationToken cancellationToken)
        where T : class
    {
        var answers = new (T? Read, DamagedObjectException? Damage)[items.Count];
        var options = RequestsAtOnce.Options(MostAtOnce, cancellationToken);
        await Parallel.ForAsync(0, items.Count, options, async (at, stopping) =>
        {
            try
            {
                answers[at].Read = await read(items[at], stopping);
            }
            catch (DamagedObjectException damaged)
            {
                answers[at].Damage = damaged;
            }
        });
        damage.AddRange(answers.Select(answer => answer.Damage).OfType<DamagedObjectException>());
        return answers;
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
