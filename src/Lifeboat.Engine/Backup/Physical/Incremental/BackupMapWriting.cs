using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical.Incremental;

/// <summary>The map of a backup while it is written, by itself or over a parent's, and what has to be read for it.</summary>
internal sealed class BackupMapWriting : IAsyncDisposable
{
    private readonly UnitCutter _cutter;
    private readonly MapRunWriter? _whole;
    private readonly DeltaMapWriter? _delta;
    private readonly OverlayPlanner? _planner;
    private readonly IncrementalUnits? _units;
    private readonly Func<CancellationToken, IAsyncEnumerable<BackupFile>>? _parentFiles;

    private BackupMapWriting(UnitCutter cutter, MapRunWriter whole) => (_cutter, _whole) = (cutter, whole);

    private BackupMapWriting(
        UnitCutter cutter,
        DeltaMapWriter delta,
        OverlayPlanner planner,
        IncrementalUnits units,
        Func<CancellationToken, IAsyncEnumerable<BackupFile>> parentFiles)
    {
        (_cutter, _delta, _planner, _units, _parentFiles) = (cutter, delta, planner, units, parentFiles);
    }

    /// <inheritdoc cref="IncrementalUnits.UnchangedBytes"/>
    internal long UnchangedBytes => _units?.UnchangedBytes ?? 0;

    /// <inheritdoc cref="IncrementalUnits.UnchangedFiles"/>
    internal long UnchangedFiles => _units?.UnchangedFiles ?? 0;

    /// <exception cref="Repository.Containers.DamagedObjectException">The parent's map cannot be read.</exception>
    internal static async ValueTask<BackupMapWriting> BeginAsync(
        PhysicalBackupRequest request, ServerSource source, IncrementalBase over, CancellationToken cancellationToken)
    {
        var control = source.Control;
        var cutter = new UnitCutter(
            request.Files, source.Directory, control.HasDataChecksums ? control.RelSegSize : 0);
        if (over.Parent is not { } parent)
        {
            return new BackupMapWriting(cutter, await MapRunWriter.CreateAsync(request.Cluster, cancellationToken));
        }

        var planner = await OverlayPlanner.OpenAsync(request.Cluster, parent.MapRuns, cancellationToken);
        try
        {
            var rules = new FileRules(control, over.Changes);
            return new BackupMapWriting(
                cutter,
                await DeltaMapWriter.CreateAsync(request.Cluster, parent.MapRuns, cancellationToken),
                planner,
                new IncrementalUnits(cutter, rules, planner, control.BlockSize),
                cancel => BackupFiles.ReadAsync(request.Cluster, parent.MapRuns, cancel));
        }
        catch
        {
            planner.Dispose();
            throw;
        }
    }

    internal IAsyncEnumerable<CopyUnit> UnitsAsync(
        IReadOnlyList<SourceEntry> entries, CancellationToken cancellationToken) =>
        _units is null
            ? _cutter.Cut(entries).ToAsyncEnumerable()
            : _units.CutAsync(entries, _parentFiles!(cancellationToken), cancellationToken);

    /// <summary>What the progress counts up to; 0 where that is not known beforehand.</summary>
    internal long BytesOf(IReadOnlyList<SourceEntry> entries) =>
        _units is null ? entries.Sum(entry => entry.Status.Size) : 0;

    internal ValueTask AddAsync(MapEntry entry, CancellationToken cancellationToken) =>
        _delta is null ? _whole!.AddAsync(entry, cancellationToken) : _delta.AddAsync(entry, cancellationToken);

    /// <summary>When it returns, the map is durable: its runs, base first, and the bytes written.</summary>
    internal async ValueTask<(IReadOnlyList<Id128> Runs, long Bytes)> CompleteAsync(CancellationToken cancellationToken)
    {
        if (_delta is not null)
        {
            var written = await _delta.CompleteAsync(cancellationToken);
            return (written.Runs, written.Bytes);
        }

        await _whole!.CompleteAsync(cancellationToken);
        return ([_whole.Id], _whole.Length);
    }

    public async ValueTask DisposeAsync()
    {
        _planner?.Dispose();
        if (_delta is not null)
        {
            await _delta.DisposeAsync();
        }

        if (_whole is not null)
        {
            await _whole.DisposeAsync();
        }
    }
}
