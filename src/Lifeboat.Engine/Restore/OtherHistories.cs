using Lifeboat.Engine.Targets;
using Lifeboat.Engine.Windows;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// Copies of a server have histories of their own in the same cluster. When one of them goes further than what a restore
/// follows, whoever restores must hear of it: after a disaster the copy may be the server that everybody uses.
/// </summary>
internal static class OtherHistories
{
    internal static async ValueTask<IReadOnlyList<string>> WarnAsync(
        RestoreRequest request, ResolvedTarget resolved, CancellationToken cancellationToken)
    {
        if (request.Lineage is not null || (await LineageCatalog.ListAsync(request.Cluster, cancellationToken)).Count < 2)
        {
            return [];
        }

        var windows = (await ClusterWindows.LoadAsync(request.Cluster, cancellationToken)).Windows;
        var own = windows.Where(window => window.Lineage == resolved.Lineage).Max(EndOf);
        return [.. windows
            .Where(window => window.Lineage != resolved.Lineage && EndOf(window) > own)
            .GroupBy(window => window.Lineage)
            .Select(newer =>
                $"a copy of this server has a newer history, up to {TargetChoice.Moment(newer.Max(EndOf))}, in lineage "
                + $"{newer.Key}; this restore follows lineage {resolved.Lineage}: to follow the copy's, give "
                + $"--lineage {newer.Key.ToString()[..8]}")];
    }

    private static DateTimeOffset EndOf(RecoveryWindow window) => window.LastKnown;
}
