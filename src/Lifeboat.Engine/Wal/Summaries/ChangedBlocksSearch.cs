using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Summaries;

/// <summary>Goes through the segments of a path from position to position. Used once.</summary>
internal sealed class ChangedBlocksSearch
{
    private const int Ahead = 8;

    private readonly ChangedBlocksRequest _request;
    private readonly PathSegments _segments;
    private readonly SegmentSummaries _summaries;
    private readonly PathCatalogs _catalogs;
    private readonly WalRunJoining _joining;
    private readonly Queue<(ulong Number, Task<WalRunSummary> Run)> _ahead = new();
    private readonly ulong _first;
    private readonly ulong _last;
    private ulong _nextAhead;
    private int _clipped;
    private int _live;

    internal ChangedBlocksSearch(ChangedBlocksRequest request, PathSegments segments)
    {
        _request = request;
        _segments = segments;
        _summaries = new SegmentSummaries(request.Cluster);
        _catalogs = new PathCatalogs(request.Cluster, segments);
        _joining = new WalRunJoining(ReadContentAsync);
        _first = segments.Size.SegmentOf(request.From);
        _last = WalSegmentName.OfEnd(request.Timeline, request.To, segments.Size).Number;
    }

    internal async ValueTask<ChangedBlocksAnswer> RunAsync(CancellationToken cancellationToken)
    {
        if (_request.To == _request.From)
        {
            return new ChangedBlocksAnswer.Known(new WalChanges(), default);
        }

        try
        {
            return await SearchAsync(cancellationToken) ?? Conclude();
        }
        finally
        {
            foreach (var (_, run) in _ahead)
            {
                _ = run.ContinueWith(
                    static task => _ = task.Exception,
                    CancellationToken.None,
                    TaskContinuationOptions.OnlyOnFaulted,
                    TaskScheduler.Default);
            }
        }
    }

    /// <returns>Why there is no answer; null when there is one.</returns>
    private async ValueTask<ChangedBlocksAnswer.Unknown?> SearchAsync(CancellationToken cancellationToken)
    {
        // A record that begins before the end may go on behind it: then the next segment has to end it.
        for (var number = _first; number <= _last || _joining.IsUnfinished;)
        {
            var name = _segments.NameOf(number);
            try
            {
                var (run, unknown) = await RunOfAsync(name, cancellationToken);
                if (unknown is not null)
                {
                    return unknown;
                }

                if (run!.Break is { } broken)
                {
                    return new ChangedBlocksAnswer.Unknown(
                        ChangesUnknown.Broken, $"at {broken.Position}: {broken.Reason}", name);
                }

                await _joining.AppendAsync(run, cancellationToken);
                if (_joining.Fault is { } fault)
                {
                    return new ChangedBlocksAnswer.Unknown(ChangesUnknown.Broken, fault, name);
                }

                number = run.Last.Number + 1;
            }
            catch (DamagedObjectException damaged)
            {
                return ChangedBlocks.Damaged(name, damaged);
            }
        }

        return null;
    }

    private ChangedBlocksAnswer Conclude()
    {
        var changes = _joining.ToSummary().Changes;
        if (changes.Minimal is { } minimal)
        {
            return new ChangedBlocksAnswer.Unknown(
                ChangesUnknown.MinimalWalLevel,
                $"wal_level was minimal from {minimal} on",
                _segments.NameOf(_segments.Size.SegmentOf(minimal)));
        }

        if (changes.Opaque is { } opaque)
        {
            return new ChangedBlocksAnswer.Unknown(
                ChangesUnknown.NotUnderstood,
                $"the record of {opaque.Lsn} (resource manager {opaque.Rmgr}, info {opaque.Info:X2}) changes files in "
                + "a way that this version does not know",
                _segments.NameOf(_segments.Size.SegmentOf(opaque.Lsn)));
        }

        return new ChangedBlocksAnswer.Known(changes, new ChangedBlocksSources(
            _catalogs.Segments, _summaries.Stored, _summaries.Rebuilt, _clipped, _live, _joining.EdgesRead));
    }

    private async ValueTask<(WalRunSummary? Run, ChangedBlocksAnswer.Unknown? Unknown)> RunOfAsync(
        WalSegmentName name, CancellationToken cancellationToken)
    {
        if (name.Start >= _request.From
            && await _catalogs.FindAsync(name, _request.To, cancellationToken) is { } catalog)
        {
            return (catalog, null);
        }

        // The server has more of a segment than the pieces that are archived of it.
        var archived = _segments.Archived(name);
        var live = archived is null || ArchivedSegment.IsOfPieces(archived) ? _segments.Live(name) : null;
        // What pg_wal has no more was archived since the archive was listed.
        var item = (live is null ? archived : null)
            ?? (live is null && !_segments.IsConflict(name) ? await FindNewAsync(name, cancellationToken) : null);
        if (item is not null)
        {
            var run = await ReadArchivedAsync(name, item, cancellationToken);
            if (NeedsClipping(run))
            {
                _clipped++;
                var content = await _summaries.ReadContentAsync(item, name.Size, cancellationToken);
                run = WalRunSummary.Of(name, content, _request.From, _request.To, durable: Lsn.Max);
            }

            return (run, null);
        }

        return ReadLive(name, live);
    }

    private async ValueTask<WalObject?> FindNewAsync(WalSegmentName name, CancellationToken cancellationToken)
    {
        var found = _request.Live is null
            ? []
            : await WalStore.FindAsync(_request.Cluster, _request.Lineage, name.ToString(), cancellationToken);
        return found.Count == 1 ? found[0] : null;
    }

    private (WalRunSummary? Run, ChangedBlocksAnswer.Unknown? Unknown) ReadLive(
        WalSegmentName name, ReadOnlyMemory<byte>? live)
    {
        if (_segments.IsConflict(name))
        {
            return (null, new ChangedBlocksAnswer.Unknown(
                ChangesUnknown.Conflict, "several contents are archived under this name", name));
        }

        if (live is not { } content)
        {
            return (null, new ChangedBlocksAnswer.Unknown(
                ChangesUnknown.Missing,
                _request.Live is null ? "it is not archived" : "it is neither archived nor in pg_wal",
                name));
        }

        var flushed = _request.Live!.Flushed;
        if (flushed < (_request.To < name.End ? _request.To : name.End))
        {
            return (null, new ChangedBlocksAnswer.Unknown(
                ChangesUnknown.NotFlushed, $"WAL is flushed up to {flushed} only", name));
        }

        _live++;
        return (WalRunSummary.Of(name, content, _request.From, _request.To, flushed), null);
    }

    /// <summary>
    /// Whether the segment has records that do not count; more than are there never harms, but is not exact.
    /// </summary>
    private bool NeedsClipping(WalRunSummary run) =>
        (run.First.Start < _request.From && run.FirstRecord < _request.From)
        || run.LastRecord >= _request.To || run.Tail?.Lsn >= _request.To
        || (run.Break is not null && run.Last.End >= _request.To);

    /// <summary>Reads ahead, as far as summaries are archived one by one.</summary>
    private async ValueTask<WalRunSummary> ReadArchivedAsync(
        WalSegmentName name, WalObject item, CancellationToken cancellationToken)
    {
        while (_ahead.TryPeek(out var passed) && passed.Number < name.Number)
        {
            _ahead.Dequeue();
        }

        for (_nextAhead = Math.Max(_nextAhead, name.Number + 1);
            _nextAhead <= _last && _ahead.Count < Ahead && !_catalogs.MayStart(_nextAhead);
            _nextAhead++)
        {
            var next = _segments.NameOf(_nextAhead);
            if (_segments.Archived(next) is not { } following || ArchivedSegment.IsOfPieces(following))
            {
                break;
            }

            _ahead.Enqueue((_nextAhead, RunAsync(following, next)));
        }

        return _ahead.TryPeek(out var read) && read.Number == name.Number
            ? await _ahead.Dequeue().Run
            : await RunAsync(item, name);

        async Task<WalRunSummary> RunAsync(WalObject wanted, WalSegmentName segment) =>
            (await _summaries.ReadAsync(wanted, segment, cancellationToken)).Run;
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadContentAsync(
        WalSegmentName name, CancellationToken cancellationToken) =>
        _segments.Archived(name) is { } item
            ? await _summaries.ReadContentAsync(item, name.Size, cancellationToken)
            : _segments.Live(name) ?? default;
}
