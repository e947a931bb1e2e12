using Lifeboat.Postgres.Format.Control;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical.Streamed;

/// <summary>
/// Makes a map of entries that come file by file, and the files in any order: so many are kept in memory, then sorted and
/// written as a run over those before, like what an incremental backup changed. Used by one caller at a time.
/// </summary>
/// <param name="mostBytes">Of entries in memory; an entry of 256 KiB of content is about one KiB.</param>
internal sealed class SortedMap(Cluster cluster, long mostBytes = 64 << 20)
{
    /// <summary>Bytes of objects in memory for an entry, beside its tags.</summary>
    private const int EntryBytes = 250;

    private static readonly byte[] s_controlFile = PosixPath.Encode(ControlFile.Path);

    private readonly List<MapEntry> _entries = [];
    private readonly List<MapEntry> _control = [];
    private IReadOnlyList<Id128> _runs = [];
    private long _size;

    /// <summary>Bytes written.</summary>
    internal long Bytes { get; private set; }

    internal async ValueTask AddAsync(MapEntry entry, CancellationToken cancellationToken)
    {
        if (entry.PathBytes.AsSpan().SequenceEqual(s_controlFile))
        {
            _control.Add(entry);
            return;
        }

        _entries.Add(entry);
        _size += EntryBytes + (entry.Extent?.Tags.Length ?? 0);
        if (_size < mostBytes)
        {
            return;
        }

        if (entry.Extent is { } extent)
        {
            // In the middle of a file: it ends here until the next run tells more of it.
            var end = ((long)extent.Number * PageTags.ExtentSize) + extent.Length;
            _entries.Add(new MapEntry(
                entry.PathBytes,
                Extent: null,
                new FileFacts(MapFileKind.Regular, 0, end, 0, 0, 0, 0) { CrcFromTags = true },
                IsGone: false));
        }

        await FlushAsync(cancellationToken);
    }

    /// <summary>When it returns, the map is durable: its runs, base first, pg_control's the last.</summary>
    internal async ValueTask<Id128[]> CompleteAsync(CancellationToken cancellationToken)
    {
        if (_entries.Count > 0 || _runs.Count == 0)
        {
            await FlushAsync(cancellationToken);
        }

        await using var last = await MapRunWriter.CreateAsync(cluster, cancellationToken);
        foreach (var entry in _control)
        {
            await last.AddAsync(entry, cancellationToken);
        }

        await last.CompleteAsync(cancellationToken);
        Bytes += last.Length;
        return [.. _runs, last.Id];
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        _entries.Sort(static (one, other) =>
            one.PathBytes.AsSpan().SequenceCompareTo(other.PathBytes) is var byPath and not 0
                ? byPath
                : (one.Extent?.Number ?? int.MaxValue).CompareTo(other.Extent?.Number ?? int.MaxValue));
        if (_runs.Count == 0)
        {
            await using var whole = await MapRunWriter.CreateAsync(cluster, cancellationToken);
            foreach (var entry in _entries)
            {
                await whole.AddAsync(entry, cancellationToken);
            }

            await whole.CompleteAsync(cancellationToken);
            (_runs, Bytes) = ([whole.Id], Bytes + whole.Length);
        }
        else
        {
            await using var delta = await DeltaMapWriter.CreateAsync(cluster, _runs, cancellationToken);
            foreach (var entry in _entries)
            {
                await delta.AddAsync(entry, cancellationToken);
            }

            var written = await delta.CompleteAsync(cancellationToken);
            (_runs, Bytes) = (written.Runs, Bytes + written.Bytes);
        }

        _entries.Clear();
        _size = 0;
    }
}
