using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Lineages;

/// <summary>What an adoption came to.</summary>
/// <param name="Lineage">The lineage that the server uses from now on.</param>
/// <param name="Timeline">The server's timeline.</param>
/// <param name="Before">Who archived that timeline before; null when nobody did, or when the lineage is new.</param>
public sealed record AdoptionReport(Id128 Lineage, Timeline Timeline, ClaimRecord? Before);

/// <summary>
/// The user's answer to a refused claim: this is the same server at another place, or a copy that needs a lineage of its
/// own.
/// </summary>
public static class Adoption
{
    /// <summary>The server in this directory archives its current timeline from now on, whoever did before.</summary>
    /// <param name="host">The host's name; null for this machine's.</param>
    /// <exception cref="Platform.Errors.LifeboatException">
    /// NotFound: no data directory. Mismatch: another PostgreSQL cluster uses the lineage.
    /// </exception>
    public static async ValueTask<AdoptionReport> TakeOverAsync(
        Cluster cluster,
        IFileSystem files,
        string dataDirectory,
        TimeProvider time,
        CancellationToken cancellationToken,
        string? host = null)
    {
        var control = await ServerDirectory.ReadControlAsync(files, dataDirectory, time, cancellationToken);
        var server = await ServerLineage.ResolveAsync(cluster, files, dataDirectory);
        await server.BindAsync(cluster, control, cancellationToken);
        var timeline = TimelineOf(control);
        var before = await Claims.HolderAsync(cluster, server.Lineage, timeline, cancellationToken);
        await Claims.TakeOverAsync(
            cluster,
            ServerPlace.Of(files, dataDirectory, host).ToClaim(server.Lineage, timeline),
            cancellationToken);
        return new AdoptionReport(server.Lineage, timeline, before);
    }

    /// <summary>
    /// The server in this directory gets a lineage of its own. It keeps the parent that the directory names, whose WAL it
    /// may still need; otherwise it has none. The first push or backup records it in the repository.
    /// </summary>
    /// <exception cref="Platform.Errors.LifeboatException">NotFound: no data directory.</exception>
    public static async ValueTask<AdoptionReport> AsNewAsync(
        Cluster cluster,
        IFileSystem files,
        string dataDirectory,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var control = await ServerDirectory.ReadControlAsync(files, dataDirectory, time, cancellationToken);
        var marker = new LineageMarker(Id128.NewRandom(), cluster.Id, ParentOf(cluster, files, dataDirectory));
        marker.Write(files, dataDirectory);
        return new AdoptionReport(marker.Lineage, TimelineOf(control), Before: null);
    }

    private static LineageOrigin? ParentOf(Cluster cluster, IFileSystem files, string dataDirectory)
    {
        try
        {
            return LineageMarker.TryRead(files, dataDirectory) is { } marker && marker.Cluster == cluster.Id
                ? marker.Parent
                : null;
        }
        catch (Platform.Errors.LifeboatException damaged) when (damaged.Code == Platform.Errors.ErrorCode.Damaged)
        {
            // Adopting as new is the way out of a damaged marker.
            return null;
        }
    }

    /// <summary>A standby's checkpoints lag behind the timeline that it replays.</summary>
    private static Timeline TimelineOf(Postgres.Format.Control.ControlFile control) =>
        control.MinRecoveryPointTimeline is { } replayed && replayed > control.CheckPointCopy.Timeline
            ? replayed
            : control.CheckPointCopy.Timeline;
}
