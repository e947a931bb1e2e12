using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Maps;

/// <summary>The map of an incremental backup when it is written.</summary>
/// <param name="Runs">For the manifest, base first; a run of what is read last goes behind them.</param>
/// <param name="Bytes">Bytes written.</param>
/// <param name="Merged">Runs of the parent that went into the new one; they stay for the backups that name them.</param>
public sealed record DeltaMap(Id128[] Runs, long Bytes, IReadOnlyList<Id128> Merged);

/// <summary>
/// Writes what an incremental backup changed over its parent's map, and puts the newest of the parent's runs into the same
/// run as <see cref="RunCounter"/> says. Entries come in ascending order, each file ending with facts or gone, and of a file
/// only what changed; see the format, section 6, for patches and <see cref="MapEntry.Kept"/>. Used by one caller at a time.
/// </summary>
public sealed class DeltaMapWriter : IAsyncDisposable
{
    private readonly Cluster _cluster;
    private readonly MapFiles _files;
    private readonly Id128[] _parent;
    private readonly int _left;
    private readonly MapRunWriter _writer;
    private readonly IAsyncEnumerator<MapFile> _older;
    private MapFile? _next;
    private MapFile? _file;

    private DeltaMapWriter(
        Cluster cluster, Id128[] parent, int left, MapRunWriter writer, CancellationToken cancellationToken)
    {
        _cluster = cluster;
        _parent = parent;
        _left = left;
        _writer = writer;
        _files = new MapFiles(cluster);
        _older = _files.ReadAsync(parent[left..], [], cancellationToken).GetAsyncEnumerator(cancellationToken);
    }

    /// <summary>Whether all runs go into a new base.</summary>
    private bool IsBase => _left == 0;

    /// <param name="parentRuns">The map runs of the parent's manifest.</param>
    /// <exception cref="Containers.DamagedObjectException">A run of the parent cannot be read.</exception>
    public static async ValueTask<DeltaMapWriter> CreateAsync(
        Cluster cluster, IReadOnlyList<Id128> parentRuns, CancellationToken cancellationToken)
    {
        int left, weight;
        using (var parent = await MapLookup.OpenAsync(cluster, parentRuns, cancellationToken))
        {
            var deltas = parent.Runs.Skip(1).ToList();
            (var taken, weight) = RunCounter.Choose([.. deltas.Select(run => run.Weight)]);
            left = 1 + deltas.Count - taken;
            if (2 * deltas.Sum(run => run.Size) > parent.Runs[0].Size)
            {
                (left, weight) = (0, 0);
            }
        }

        var blockSize = left == 0 ? MapRunWriter.BaseBlock : MapRunWriter.DeltaBlock;
        var writer = await MapRunWriter.CreateAsync(cluster, weight, blockSize, cancellationToken);
        var made = new DeltaMapWriter(cluster, [.. parentRuns], left, writer, cancellationToken);
        try
        {
            await made.StepAsync();
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    /// <summary>Appends; every frame that the entry refers to must be closed.</summary>
    public async ValueTask AddAsync(MapEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Fault() is { } fault)
        {
            throw new InvalidOperationException($"{entry.Path} cannot stand in a map: {fault}");
        }

        if (_file is not null && !_file.Path.AsSpan().SequenceEqual(entry.PathBytes))
        {
            throw new InvalidOperationException($"a delta tells no facts of {Shown(_file)}");
        }

        _file ??= new MapFile(entry.PathBytes);
        if (_file.Extents.Count > 0 && (_file.Extents[^1].Entry.Kept != entry.Kept
            || _file.Extents[^1].Entry.Number >= entry.Number))
        {
            throw new InvalidOperationException($"the entries of {Shown(_file)} do not ascend, or keep different extents");
        }

        _file.Add(entry, _writer.Id);
        if (entry.Extent is null)
        {
            await TakeAsync(_file, cancellationToken);
            _file = null;
        }
    }

    /// <summary>Writes the rest; when it returns, the run is durable.</summary>
    public async ValueTask<DeltaMap> CompleteAsync(CancellationToken cancellationToken)
    {
        if (_file is not null)
        {
            throw new InvalidOperationException($"a delta tells no facts of {Shown(_file)}");
        }

        while (_next is not null)
        {
            await WriteAsync(_next, cancellationToken);
            await StepAsync();
        }

        await _writer.CompleteAsync(cancellationToken);
        return new DeltaMap([.. _parent[.._left], _writer.Id], _writer.Length, _parent[_left..]);
    }

    public async ValueTask DisposeAsync()
    {
        await _older.DisposeAsync();
        _files.Dispose();
        await _writer.DisposeAsync();
    }

    private static string Shown(MapFile file) => Platform.Files.PosixPath.Display(Platform.Files.PosixPath.Decode(file.Path));

    private async ValueTask StepAsync() => _next = await _older.MoveNextAsync() ? _older.Current : null;

    private async ValueTask TakeAsync(MapFile file, CancellationToken cancellationToken)
    {
        while (_next is not null && _next.Path.AsSpan().SequenceCompareTo(file.Path) < 0)
        {
            await WriteAsync(_next, cancellationToken);
            await StepAsync();
        }

        if (_next is not null && _next.Path.AsSpan().SequenceEqual(file.Path))
        {
            _next.Lay(file, _files.Compose);
            file = _next;
            await StepAsync();
        }

        await WriteAsync(file, cancellationToken);
    }

    private async ValueTask WriteAsync(MapFile file, CancellationToken cancellationToken)
    {
        if (IsBase)
        {
            foreach (var (entry, _) in ResolvedFile.Of(_cluster, file))
            {
                await _writer.AddAsync(entry, cancellationToken);
            }

            return;
        }

        int? kept = file.Kept == int.MaxValue ? null : file.Kept;
        foreach (var (entry, _) in file.Extents)
        {
            await _writer.AddAsync(entry with { Kept = kept }, cancellationToken);
        }

        if (file.End is { } end)
        {
            await _writer.AddAsync(end.Entry with { Kept = end.Entry.IsGone ? null : kept }, cancellationToken);
        }
    }
}
