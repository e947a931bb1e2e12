using Lifeboat.Engine.Windows;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Summaries;

/// <summary>Where each segment of a path is: archived, or in pg_wal, or nowhere.</summary>
internal sealed class PathSegments
{
    private readonly ChangedBlocksRequest _request;
    private readonly LineageArchive _archive;
    private readonly WalPath _path;

    internal PathSegments(ChangedBlocksRequest request, LineageArchive archive, TimelineHistory history)
    {
        _request = request;
        _archive = archive;
        _path = new WalPath(history, archive.Size, new Dictionary<Timeline, IReadOnlyList<ulong>>());
    }

    internal WalSegmentSize Size => _archive.Size;

    internal WalSegmentName NameOf(ulong number) => _path.NameOf(number);

    internal WalObject? Archived(WalSegmentName name) => _archive.Find(name);

    internal bool IsConflict(WalSegmentName name) =>
        _archive.Conflicts.Any(conflict => string.Equals(conflict.File, name.ToString(), StringComparison.Ordinal));

    /// <inheritdoc cref="LiveWal.Read"/>
    internal ReadOnlyMemory<byte>? Live(WalSegmentName name) =>
        // The type of null is said: without it null would become an empty memory, by way of an array.
        _request.Live?.Read(name, SystemIdentifier) is { } content ? content : default(ReadOnlyMemory<byte>?);

    private ulong? SystemIdentifier =>
        ulong.TryParse(_archive.Record.SystemIdentifier, out var system) ? system : null;
}
