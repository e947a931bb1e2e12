using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Engine.Wal.Summaries;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Windows;

/// <summary>What a server has committed and the archive has not yet.</summary>
/// <param name="From">Where the archive ends along the server's history.</param>
/// <param name="To">As far as was read: what the server has flushed, or what is on its disk.</param>
/// <param name="Commits">Commits between them; null when that cannot be told.</param>
/// <param name="FirstCommit">Time of the first of them in the order of the WAL.</param>
/// <param name="LastCommit">Time of the last of them.</param>
/// <param name="Unknown">Why it cannot be told, as a sentence fragment; else empty.</param>
public sealed record LiveTail(
    Lsn From, Lsn To, long? Commits, DateTimeOffset? FirstCommit, DateTimeOffset? LastCommit, string Unknown)
{
    /// <summary>The server's.</summary>
    public Id128 Lineage { get; init; }

    public ulong Bytes => To > From ? To - From : 0;

    /// <summary>Reads the WAL behind the end of a window, from the server's own pg_wal.</summary>
    /// <param name="lineage">The server's.</param>
    /// <param name="timeline">The one that it writes.</param>
    /// <param name="windows">Of the cluster.</param>
    /// <param name="dataDirectory">Null when its files cannot be read here.</param>
    /// <param name="flushed">pg_current_wal_flush_lsn(); null to read what is on its disk.</param>
    /// <returns>Null when nothing of the server can be recovered, so that nothing ends anywhere.</returns>
    /// <exception cref="LifeboatException">Errors of the store and the file system.</exception>
    public static async ValueTask<LiveTail?> ReadAsync(
        Cluster cluster,
        Id128 lineage,
        Timeline timeline,
        ClusterWindows windows,
        IFileSystem files,
        string? dataDirectory,
        Lsn? flushed,
        CancellationToken cancellationToken)
    {
        var archive = windows.Archives.FirstOrDefault(archive => archive.Record.Id == lineage);
        if (archive is null)
        {
            return null;
        }

        var live = dataDirectory is null
            ? null
            : new LiveWal(files, PosixPath.Combine(dataDirectory, "pg_wal"), flushed ?? Lsn.Max);
        var history = PathHistory.Find(archive, timeline, live);
        var end = windows.Windows
            .Where(window => window.Lineage == lineage && history.Includes(window.Timeline))
            .Select(window => history.SwitchedFrom(window.Timeline) is { } left && left < window.End ? left : window.End)
            .Select(position => (Lsn?)position)
            .Max();
        if (end is not { } from)
        {
            return null;
        }

        if (flushed <= from)
        {
            return new LiveTail(from, from, 0, null, null, "") { Lineage = lineage };
        }

        return live is null
            ? new LiveTail(
                from,
                flushed ?? from,
                Commits: null,
                FirstCommit: null,
                LastCommit: null,
                "whether commits are in what is not archived can only be told from the server's pg_wal")
            {
                Lineage = lineage,
            }
            : await new Reading(cluster, archive, history, live, from, flushed).RunAsync(cancellationToken);
    }

    private sealed class Reading(
        Cluster cluster, LineageArchive archive, TimelineHistory history, LiveWal live, Lsn from, Lsn? flushed)
    {
        private readonly WalPath _path = new(history, archive.Size, new Dictionary<Timeline, IReadOnlyList<ulong>>());
        private readonly WalRecordReader _reader = new();
        private readonly Lsn _from = from;
        private Lsn _end = from;
        private long _commits;
        private DateTimeOffset? _first;
        private DateTimeOffset? _last;

        internal async ValueTask<LiveTail> RunAsync(CancellationToken cancellationToken)
        {
            for (var number = archive.Size.SegmentOf(_from); ; number++)
            {
                var name = _path.NameOf(number);
                if (flushed <= name.Start)
                {
                    return Known();
                }

                // The record at the end may have begun in a segment that pg_wal has no more.
                var content = live.Read(name, systemIdentifier: null)
                    ?? (archive.Find(name) is { } item
                        ? (await ArchivedSegment.ReadAsync(cluster, item, archive.Size, cancellationToken)).Content
                        : null);
                if (content is null)
                {
                    return flushed is null
                        ? Known()
                        : Known() with { Commits = null, Unknown = $"segment {name} is neither archived nor in pg_wal" };
                }

                Feed(name, content);
                if (_reader.State != WalReaderState.NeedsMore)
                {
                    return flushed is { } wanted && wanted > _end && _reader.State == WalReaderState.Unreadable
                        ? Known() with { Commits = null, Unknown = $"pg_wal cannot be read at {_reader.Position}: {_reader.Reason}" }
                        : Known();
                }
            }
        }

        private LiveTail Known() => new(_from, flushed ?? _end, _commits, _first, _last, "") { Lineage = archive.Record.Id };

        private void Feed(WalSegmentName name, byte[] content)
        {
            _reader.Supply(name, content);
            while (_reader.TryRead(out var record) && !(flushed <= record.Lsn))
            {
                if (record.Lsn < _from)
                {
                    continue;
                }

                _end = record.EndLsn;
                if (TransactionEnd.TryParse(record, out var end) && end.IsCommit)
                {
                    _commits++;
                    _last = end.Time.TryToDateTimeOffset(out var time) ? time : _last;
                    _first ??= _last;
                }
            }
        }
    }
}
