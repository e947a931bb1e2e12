using Lifeboat.Engine.Files;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
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

    /// <summary>
    /// The segment as the server has it; null when it has none of this name, or gave the file another one meanwhile.
    /// </summary>
    internal ReadOnlyMemory<byte>? Live(WalSegmentName name)
    {
        if (_request.Live is not { } live)
        {
            return null;
        }

        var path = PosixPath.Combine(live.Directory, name.ToString());
        try
        {
            if (live.Files.Stat(path) is null)
            {
                return null;
            }

            var content = WholeFile.Read(live.Files, path, Size.Bytes);
            return WalSegmentHeader.Inspect(content, out var header) is null
                && header.Contradicts(name, systemIdentifier: SystemIdentifier) is null
                    ? content
                    : null;
        }
        catch (LifeboatException vanished) when (vanished.Code == ErrorCode.NotFound)
        {
            return null;
        }
    }

    private ulong? SystemIdentifier =>
        ulong.TryParse(_archive.Record.SystemIdentifier, out var system) ? system : null;
}
