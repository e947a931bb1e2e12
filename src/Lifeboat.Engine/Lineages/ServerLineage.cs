using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Lineages;

/// <summary>Which lineage a server uses, and by what it is known.</summary>
/// <param name="Lineage">The marker's, or the first one of the cluster.</param>
/// <param name="Marker">What the data directory says; null when it says nothing, or none is known.</param>
/// <param name="DataDirectory">Null when it is not known.</param>
public sealed record ServerLineage(Id128 Lineage, LineageMarker? Marker, string? DataDirectory)
{
    /// <param name="dataDirectory">Null when it is not known: then the first lineage of the cluster.</param>
    /// <exception cref="LifeboatException">
    /// Damaged: the marker cannot be read. Mismatch: it belongs to another cluster of a repository.
    /// </exception>
    public static ValueTask<ServerLineage> ResolveAsync(Cluster cluster, IFileSystem files, string? dataDirectory)
    {
        var marker = dataDirectory is null ? null : LineageMarker.TryRead(files, dataDirectory);
        if (marker is not null && marker.Cluster != cluster.Id)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Mismatch,
                "find the lineage of this server",
                PosixPath.Display(PosixPath.Combine(dataDirectory!, LineageMarker.FileName)),
                $"it was made for another cluster than {cluster.Name} in {cluster.Repository.Store.Location}",
                Hint: "Check --repository and --cluster. To use this cluster from now on: "
                    + "'lifeboat adopt --as-new --cluster-dir DIR'."));
        }

        return ValueTask.FromResult(
            new ServerLineage(marker?.Lineage ?? cluster.FirstLineage, marker, dataDirectory));
    }

    /// <summary>By the marker's bytes, as they came through the server.</summary>
    /// <param name="content">Null when the data directory has none: then the first lineage of the cluster.</param>
    /// <exception cref="LifeboatException">As <see cref="ResolveAsync"/>.</exception>
    internal static ServerLineage OfMarker(Cluster cluster, byte[]? content, string hint)
    {
        var marker = content is null ? null : LineageMarker.Parse(content, LineageMarker.FileName);
        return marker is null || marker.Cluster == cluster.Id
            ? new ServerLineage(marker?.Lineage ?? cluster.FirstLineage, marker, DataDirectory: null)
            : throw new LifeboatException(new Failure(
                ErrorCode.Mismatch,
                "find the lineage of this server",
                LineageMarker.FileName,
                $"it was made for another cluster than {cluster.Name} in {cluster.Repository.Store.Location}",
                Hint: hint));
    }

    /// <summary>Records the lineage at its first use; later checks that the same PostgreSQL cluster uses it.</summary>
    /// <param name="segmentSize">Bytes of a WAL segment.</param>
    /// <exception cref="LifeboatException">Mismatch: another PostgreSQL cluster uses this lineage.</exception>
    public ValueTask<LineageRecord> BindAsync(
        Cluster cluster, ulong systemIdentifier, int segmentSize, int major, CancellationToken cancellationToken) =>
        LineageCatalog.BindAsync(
            cluster,
            new LineageRecord(
                Lineage,
                systemIdentifier.ToString(System.Globalization.CultureInfo.InvariantCulture),
                segmentSize,
                major,
                Marker?.Parent),
            cancellationToken);

    /// <inheritdoc cref="BindAsync(Cluster, ulong, int, int, CancellationToken)"/>
    public ValueTask<LineageRecord> BindAsync(
        Cluster cluster, ControlFile control, CancellationToken cancellationToken) =>
        BindAsync(cluster, control.SystemIdentifier, control.WalSegmentSize.Bytes, control.Major, cancellationToken);
}
