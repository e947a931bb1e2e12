using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// Puts summaries together in their order, and reads records over an edge from the segments where the summaries do not
/// hold them. After a fault nothing more is taken.
/// </summary>
/// <param name="read">The content of a segment, by its name on the path.</param>
public sealed class WalRunJoining(Func<WalSegmentName, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> read)
{
    private readonly List<WalSegmentName> _names = [];
    private WalRunBuilder? _builder;

    /// <summary>Why a summary was not taken; null as long as all were.</summary>
    public string? Fault { get; private set; }

    /// <summary>Records that had to be read from the segments.</summary>
    public int EdgesRead { get; private set; }

    /// <summary>Whether a record is unfinished at the end of what was taken.</summary>
    public bool IsUnfinished => _builder?.Tail is not null;

    /// <summary>All that was taken, at least one.</summary>
    public WalRunSummary ToSummary() =>
        _builder?.ToSummary() ?? throw new InvalidOperationException("nothing was taken yet");

    public async ValueTask AppendAsync(WalRunSummary next, CancellationToken cancellationToken)
    {
        if (Fault is not null)
        {
            return;
        }

        _names.Add(next.First);
        if (_builder is null)
        {
            _builder = new WalRunBuilder(next);
            return;
        }

        var joint = _builder.TryAppend(next);
        if (joint == WalJoint.NeedsRecord)
        {
            EdgesRead++;
            joint = await ReadEdgeAsync(next, cancellationToken) is { } edge
                ? _builder.TryAppend(next, edge)
                : WalJoint.NeedsRecord;
        }

        Fault = joint switch
        {
            WalJoint.Joined => null,
            WalJoint.Broken => _builder.Fault,
            _ => $"the record of {_builder.Tail!.Lsn} cannot be read",
        };
    }

    /// <summary>Reads on from the unfinished record until it ends.</summary>
    private async ValueTask<EdgeRecord?> ReadEdgeAsync(WalRunSummary next, CancellationToken cancellationToken)
    {
        var start = _builder!.Tail!.Lsn;
        var reader = new WalRecordReader(WalReaderOptions.Default with { Start = start });
        for (var number = next.First.Size.SegmentOf(start); number <= next.Last.Number; number++)
        {
            var name = NameOf(number, next);
            reader.Supply(name, await read(name, cancellationToken));
            if (reader.TryRead(out var record))
            {
                return record.Lsn == start ? EdgeRecord.Of(record) : null;
            }

            if (reader.State != WalReaderState.NeedsMore)
            {
                break;
            }
        }

        return null;
    }

    /// <summary>Within a run all segments are of one timeline.</summary>
    private WalSegmentName NameOf(ulong number, WalRunSummary next) =>
        (number >= next.First.Number ? next.First : _names.FindLast(name => name.Number <= number)) with
        {
            Number = number,
        };
}
