using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Packs;

/// <summary>
/// Collects content into frames and frames into packs. Used by one thread at a time; each worker of a backup has one of
/// its own. Closing a finished pack (which waits for the disk) goes on beside the next one.
/// </summary>
public sealed class PackWriter : IAsyncDisposable
{
    private const long PackSize = 64L << 20;

    /// <summary>
    /// A frame with loose pages is closed at this size: of those that are superseded a restore reads fewer in vain, for two
    /// or three bytes in a hundred more (docs/decisions/0032).
    /// </summary>
    private const int LooseFrame = 256 << 10;

    private const int MostFrames = 1024;
    private const int MostSlots = 32768;

    private readonly Cluster _cluster;
    private readonly Compressor _compressor;
    private readonly ExtentTagger _tagger;
    private readonly Action<PackRecord> _finished;
    private readonly byte[] _plain = new byte[ContainerLimits.BodyPlaintext];
    private readonly List<Slot> _slots = [];
    private readonly List<PackedFrame> _frames = [];

    private int _filled;
    private int _packSlots;
    private bool _hasLoosePages;
    private FrameReference _reference = new();
    private ContainerWriter? _pack;
    private Id128 _packId;
    private long _packCreatedUs;
    private Task _closing = Task.CompletedTask;

    /// <param name="level">Of zstd.</param>
    /// <param name="finished">Told of each pack when it is durable; on any thread, one at a time for this writer.</param>
    public PackWriter(Cluster cluster, int level, ExtentTagger tagger, Action<PackRecord> finished)
    {
        _cluster = cluster;
        _compressor = new Compressor(level);
        _tagger = tagger;
        _finished = finished;
    }

    /// <summary>Whether content waits in an unfinished frame.</summary>
    public bool HasOpenFrame => _slots.Count > 0;

    /// <summary>Puts content (at most one frame of it) where it will be found as the returned frame and slot.</summary>
    public async ValueTask<(FrameReference Frame, int Slot)> AddAsync(
        ReadOnlyMemory<byte> content, SlotKind kind, Id128 id, CancellationToken cancellationToken)
    {
        var bound = _hasLoosePages || kind == SlotKind.LoosePages ? LooseFrame : _plain.Length;
        if (_slots.Count > 0 && (_filled + content.Length > bound || _slots.Count == Slot.MostPerFrame))
        {
            await CloseFrameAsync(cancellationToken);
        }

        _hasLoosePages |= kind == SlotKind.LoosePages;

        content.Span.CopyTo(_plain.AsSpan(_filled));
        _filled += content.Length;
        _slots.Add(new Slot(kind, content.Length, id));
        return (_reference, _slots.Count - 1);
    }

    /// <summary>Puts a whole frame as it is: it keeps its slots, and with them its id.</summary>
    public async ValueTask AddFrameAsync(
        ReadOnlyMemory<byte> plain, Slot[] slots, CancellationToken cancellationToken)
    {
        await CloseFrameAsync(cancellationToken);
        plain.CopyTo(_plain);
        _filled = plain.Length;
        _slots.AddRange(slots);
        await CloseFrameAsync(cancellationToken);
    }

    /// <summary>Writes the frame that is being filled, so that its references become valid.</summary>
    public async ValueTask CloseFrameAsync(CancellationToken cancellationToken)
    {
        if (_slots.Count == 0)
        {
            return;
        }

        if (_packSlots + _slots.Count > MostSlots)
        {
            await ClosePackAsync(cancellationToken);
        }

        _pack ??= await OpenPackAsync(cancellationToken);
        var slots = _slots.ToArray();
        var number = (uint)_pack.Frames;
        var (offset, length) = await _pack.WriteFrameAsync(_plain.AsMemory(0, _filled), cancellationToken);
        var id = _tagger.FrameId(slots);
        _frames.Add(new PackedFrame(id, number, offset, length, slots));
        _packSlots += slots.Length;
        _reference.Close(id, new FramePlace(_packId, number));
        _reference = new FrameReference();
        _slots.Clear();
        _filled = 0;
        _hasLoosePages = false;
        if (_pack.Length >= PackSize || _frames.Count >= MostFrames)
        {
            await ClosePackAsync(cancellationToken);
        }
    }

    /// <summary>Writes everything that was added; when it returns, all of it is durable.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await CloseFrameAsync(cancellationToken);
        await ClosePackAsync(cancellationToken);
        await _closing;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _closing;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Whoever flushed has seen it; whoever did not has failed for another reason.
        }

        if (_pack is not null)
        {
            await _pack.DisposeAsync();
        }

        _compressor.Dispose();
    }

    private async ValueTask<ContainerWriter> OpenPackAsync(CancellationToken cancellationToken)
    {
        _packId = Id128.NewRandom();
        var created = _cluster.Time.GetUtcNow();
        _packCreatedUs = (created - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return await ContainerWriter.CreateAsync(
            _cluster.Store,
            ObjectNames.Pack(_cluster.Name, _packId),
            ContainerKind.Pack,
            _cluster.DataKey,
            _compressor,
            created,
            cancellationToken);
    }

    private async ValueTask ClosePackAsync(CancellationToken cancellationToken)
    {
        if (_pack is not { } pack)
        {
            return;
        }

        // One pack at most is on its way to the disk beside the one being filled.
        await _closing;
        var annex = new ByteSink();
        foreach (var frame in _frames)
        {
            Slot.WriteAll(annex, frame.Slots);
        }

        await pack.WriteDirectoryAsync(annex.Memory, cancellationToken);
        var (id, created, frames) = (_packId, _packCreatedUs, _frames.ToArray());
        _pack = null;
        _frames.Clear();
        _packSlots = 0;
        _closing = Task.Run(() => CommitAsync(pack, id, created, frames, cancellationToken), CancellationToken.None);
    }

    private async Task CommitAsync(
        ContainerWriter pack, Id128 id, long created, PackedFrame[] frames, CancellationToken cancellationToken)
    {
        await using (pack)
        {
            if (await pack.CommitAsync(PutCondition.IfAbsent, cancellationToken) != PutOutcome.Created)
            {
                throw new DamagedObjectException(
                    pack.Name, DamageKind.Inconsistent, "a random pack id is in use already");
            }

            _finished(new PackRecord(id, pack.Length, created, frames));
        }
    }
}
