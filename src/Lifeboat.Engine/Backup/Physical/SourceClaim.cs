using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// Whether the server that is backed up is the one that archives its timeline. A copy that nobody adopted has its source's
/// lineage: its files with the WAL of its source would be a backup of neither.
/// </summary>
internal static class SourceClaim
{
    /// <summary>
    /// To be asked when the backup has started: until its checkpoint pg_control may tell the timeline before a promotion.
    /// </summary>
    /// <exception cref="LifeboatException">Conflict: another server archives this timeline.</exception>
    internal static async Task RequireAsync(
        PhysicalBackupRequest request, ServerSource source, CancellationToken cancellationToken)
    {
        var control = await ServerDirectory.ReadControlAsync(
            request.Files, source.Directory, request.Time, cancellationToken);
        var timeline = control.CheckPointCopy.Timeline;
        var wanted = ServerPlace.Of(request.Files, source.Directory).ToClaim(source.Lineage.Id, timeline);
        var holder = await Claims.HolderAsync(request.Cluster, source.Lineage.Id, timeline, cancellationToken);

        // In a container the same directory has another host's name and another path, and the same inode.
        if (holder is not null && !holder.IsSameServer(wanted) && holder.Inode != wanted.Inode)
        {
            throw new LifeboatException(
                Claims.Refusal(request.Cluster, holder, wanted).Failure with { Operation = "back up the server" });
        }
    }
}
