using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Packs;
using Lifeboat.Tests.Repository;

namespace Lifeboat.Tests.Scale;

/// <summary>Puts slots into frames and packs as <see cref="PackWriter"/> does, and stores packs without their bodies.</summary>
internal sealed class SyntheticPacks(Cluster cluster, HollowStore store, TimeProvider time) : IDisposable
{
    private const int PageSize = PageTags.PageSize;
    private const int ExtentFrame = 1 << 20;
    private const int LooseFrame = 256 << 10;
    private const long PackSize = 64L << 20;

    /// <summary>What is stored for so many bytes: packed 3 to 1, as databases are.</summary>
    private const int Packing = 3;

    private readonly ExtentTagger _tagger = new(cluster.TagKey);
    private readonly List<Slot> _slots = [];
    private readonly List<PackedFrame> _frames = [];
    private readonly List<PackRecord> _closed = [];
    private FrameReference? _open;
    private bool _isLoose;
    private int _plain;
    private long _at = ContainerLimits.HeaderSize;
    private Id128 _pack = Id128.NewRandom();

    public void Dispose() => _tagger.Dispose();

    internal (FrameReference Frame, int Slot) Store(int pages, SlotKind kind, Id128 id)
    {
        var bound = _isLoose || kind == SlotKind.LoosePages ? LooseFrame : ExtentFrame;
        if (_plain + (pages * PageSize) > bound)
        {
            CloseFrame();
        }

        _open ??= new FrameReference();
        _isLoose |= kind == SlotKind.LoosePages;
        _plain += pages * PageSize;
        _slots.Add(new Slot(kind, pages * PageSize, id));
        return (_open, _slots.Count - 1);
    }

    internal void CloseFrame()
    {
        if (_open is null)
        {
            return;
        }

        var slots = _slots.ToArray();
        var id = _tagger.FrameId(slots);
        var length = (_plain / Packing) + ContainerLimits.FrameOverhead;
        _open.Close(id, new FramePlace(_pack, (uint)_frames.Count));
        _frames.Add(new PackedFrame(id, (uint)_frames.Count, _at, length, slots));
        _at += length;
        _slots.Clear();
        (_open, _plain, _isLoose) = (null, 0, false);
        if (_at >= PackSize)
        {
            ClosePack();
        }
    }

    internal void ClosePack()
    {
        if (_frames.Count == 0)
        {
            return;
        }

        var name = ObjectNames.Pack(cluster.Name, _pack);
        var annex = new ByteSink();
        foreach (var frame in _frames)
        {
            Slot.WriteAll(annex, frame.Slots);
        }

        var made = HollowContainer.Of(
            cluster,
            name,
            ContainerKind.Pack,
            time.GetUtcNow(),
            [.. _frames.Select(frame => new HollowFrame(frame.Length, null))],
            annex.Span);
        store.PutHollow(name, made.Size, made.Head, made.Tail);
        var us = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        _closed.Add(new PackRecord(_pack, made.Size, us, [.. _frames]));
        _frames.Clear();
        (_pack, _at) = (Id128.NewRandom(), ContainerLimits.HeaderSize);
    }

    /// <summary>Tells a backup of the packs that were closed.</summary>
    internal void HandTo(BackupPacks packs)
    {
        foreach (var pack in _closed)
        {
            packs.Add(pack);
        }

        _closed.Clear();
    }
}
