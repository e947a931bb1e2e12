using Lifeboat.Engine.Activity;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Index;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>What the repository holds already, and a backup may refer to.</summary>
internal static class StoredContent
{
    /// <summary>
    /// The index; packs that no index lists, of backups that were interrupted, are taken over into this backup's. What cannot
    /// be relied on is told.
    /// </summary>
    internal static async Task<FrameIndex> LoadAsync(
        PhysicalBackupRequest request,
        WriterSession session,
        BackupPacks packs,
        IActivity activity,
        CancellationToken cancellationToken)
    {
        var loaded = await session.LoadIndexAsync(cancellationToken);
        try
        {
            await request.Cluster.Store.SweepAsync(cancellationToken);
            await packs.AdoptAsync(loaded.Unlisted, cancellationToken);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }

        foreach (var damage in session.Damage.Concat(loaded.Damage))
        {
            activity.Warn($"not reused: {damage.Message}");
        }

        return loaded;
    }
}
