using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>
/// Cuts and stores the pieces of the segment that is being received, and looks from time to time whether somebody else stores
/// pieces of it that say otherwise.
/// </summary>
internal sealed class PieceStore(Cluster cluster, Id128 lineage, int level, TimeProvider time)
{
    // A look lists the segment's pieces, and there may be thousands: it may take a fiftieth of the time.
    private const int ShareOfLooks = 50;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    // Names of the objects that were compared, or written here.
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private PieceLadder _ladder = new();
    private WalPiece? _last;
    private long _lastLook = time.GetTimestamp();
    private TimeSpan _betweenLooks = BetweenLooks;

    /// <summary>Begins a segment, with the pieces of it that are stored.</summary>
    internal void Begin(WalPieceChain chain)
    {
        _known.Clear();
        _known.UnionWith(chain.Pieces.Concat(chain.Others).Select(piece => piece.Object.Name.Value));
        _ladder = new PieceLadder();
        _last = null;
        foreach (var piece in chain.Pieces)
        {
            _ladder.Add((int)piece.From, rung: 0);
            _last = piece;
        }
    }

    /// <summary>Stores what waits. When it returns, the buffer is durable as far as it was filled.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">Errors of the store.</exception>
    internal async ValueTask PutAsync(SegmentBuffer buffer, CancellationToken cancellationToken)
    {
        var to = buffer.Filled;
        var (from, rung) = _ladder.Next(buffer.Durable);
        var piece = await WalPieces.PutAsync(
            cluster,
            lineage,
            new WalPieceName(buffer.Segment.ToString(), (uint)from, (uint)to),
            buffer.Range(from, to),
            from == buffer.Durable && _last?.To == (uint)from ? _last.Object.Tag : null,
            level,
            cancellationToken);
        _ladder.Add(from, rung);
        _last = piece;
        _known.Add(piece.Object.Name.Value);
        buffer.MarkDurable(to);
    }

    /// <summary>Looks what others stored, when it is time to.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">Conflict; errors of the store.</exception>
    internal async ValueTask LookWhenDueAsync(SegmentBuffer buffer, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(_lastLook) >= _betweenLooks)
        {
            await LookAsync(buffer, cancellationToken);
        }
    }

    /// <summary>Compares what others stored of the segment with what has come.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">Conflict; errors of the store.</exception>
    internal async ValueTask LookAsync(SegmentBuffer buffer, CancellationToken cancellationToken)
    {
        var segment = buffer.Segment.ToString();
        var begun = time.GetTimestamp();
        foreach (var piece in await WalPieces.FindAsync(cluster, lineage, segment, cancellationToken))
        {
            if (_known.Contains(piece.Object.Name.Value) || piece.From >= buffer.Filled)
            {
                continue;
            }

            byte[] bytes;
            try
            {
                (bytes, _) = await WalStore.ReadAsync(cluster, piece.Object, cancellationToken);
            }
            catch (DamagedObjectException)
            {
                // It says nothing; 'check' names it.
                _known.Add(piece.Object.Name.Value);
                continue;
            }

            var both = Math.Min((int)piece.To, buffer.Filled);
            if (!buffer.Range((int)piece.From, both).Span.SequenceEqual(bytes.AsSpan(0, both - (int)piece.From)))
            {
                throw WalPieces.Conflict(segment, piece.Name.ToString());
            }

            if (both == piece.To)
            {
                _known.Add(piece.Object.Name.Value);
            }
        }

        _lastLook = time.GetTimestamp();
        var cost = time.GetElapsedTime(begun) * ShareOfLooks;
        _betweenLooks = cost > BetweenLooks ? cost : BetweenLooks;
    }
}
