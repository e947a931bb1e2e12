using System.Runtime.CompilerServices;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical.Incremental;

/// <summary>
/// Cuts what an incremental backup has to read into units, in the order of the map: the files of the data directory beside
/// those of the parent. Files that did not change have none. Used by one caller at a time.
/// </summary>
internal sealed class IncrementalUnits(
    UnitCutter cutter, FileRules rules, OverlayPlanner parent, int blockSize)
{
    private static readonly byte[] s_controlFile = PosixPath.Encode(ControlFile.Path);

    private long _sequence;

    /// <summary>Bytes of the files that have no unit.</summary>
    internal long UnchangedBytes { get; private set; }

    /// <summary>Regular files that have no unit.</summary>
    internal long UnchangedFiles { get; private set; }

    /// <param name="entries">Ascending by path.</param>
    /// <param name="parentFiles">The same, of the parent.</param>
    internal async IAsyncEnumerable<CopyUnit> CutAsync(
        IReadOnlyList<SourceEntry> entries,
        IAsyncEnumerable<BackupFile> parentFiles,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var files = parentFiles.GetAsyncEnumerator(cancellationToken);
        var has = await NextAsync(files);
        foreach (var entry in entries)
        {
            while (has && files.Current.PathBytes.AsSpan().SequenceCompareTo(entry.PathBytes) < 0)
            {
                yield return Gone(files.Current);
                has = await NextAsync(files);
            }

            FileFacts? facts = null;
            if (has && files.Current.PathBytes.AsSpan().SequenceEqual(entry.PathBytes))
            {
                facts = files.Current.Facts;
                has = await NextAsync(files);
            }

            await foreach (var unit in CutAsync(entry, facts, cancellationToken))
            {
                yield return unit;
            }
        }

        for (; has; has = await NextAsync(files))
        {
            yield return Gone(files.Current);
        }
    }

    /// <summary>pg_control is in no list of files: it is read behind them, and has a map run of its own.</summary>
    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<BackupFile> files)
    {
        while (await files.MoveNextAsync())
        {
            if (!files.Current.PathBytes.AsSpan().SequenceEqual(s_controlFile))
            {
                return true;
            }
        }

        return false;
    }

    private CopyUnit Gone(BackupFile file) => new(
        _sequence++,
        new SourceEntry(PosixPath.Decode(file.PathBytes), file.Facts.Kind, default),
        Offset: 0,
        Length: 0,
        IsLast: true,
        Source: null,
        FirstBlock: null) { Delta = new UnitDelta { Parent = file.Facts, IsGone = true } };

    private IAsyncEnumerable<CopyUnit> CutAsync(
        SourceEntry entry, FileFacts? facts, CancellationToken cancellationToken)
    {
        var decision = rules.Decide(entry, facts);
        return decision.Treatment switch
        {
            FileTreatment.Anew => Anew(entry, facts).ToAsyncEnumerable(),
            FileTreatment.Compare => ComparedAsync(entry, facts!, cancellationToken),
            FileTreatment.Listed => ListedAsync(entry, facts!, decision, cancellationToken),
            _ => Unchanged(entry, facts!).ToAsyncEnumerable(),
        };
    }

    private IEnumerable<CopyUnit> Anew(SourceEntry entry, FileFacts? facts)
    {
        foreach (var unit in cutter.Cut(entry, _sequence))
        {
            _sequence = unit.Sequence + 1;
            yield return unit with { Delta = new UnitDelta { Parent = facts, IsAnew = true } };
        }
    }

    private async IAsyncEnumerable<CopyUnit> ComparedAsync(
        SourceEntry entry, FileFacts facts, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var unit in cutter.Cut(entry, _sequence))
        {
            _sequence = unit.Sequence + 1;
            var extents = new ExtentEntry?[CopyUnit.Size / PageTags.ExtentSize];
            for (var at = 0; at < extents.Length; at++)
            {
                var offset = unit.Offset + ((long)at * PageTags.ExtentSize);
                extents[at] = offset < facts.Length
                    ? await parent.FindAsync(entry.PathBytes, (int)(offset / PageTags.ExtentSize), cancellationToken)
                    : null;
            }

            yield return unit with { Delta = new UnitDelta { Parent = facts, Compared = extents } };
        }
    }

    private IEnumerable<CopyUnit> Unchanged(SourceEntry entry, FileFacts facts)
    {
        if (entry.IsAs(facts))
        {
            UnchangedBytes += facts.Length;
            UnchangedFiles += facts.Kind == MapFileKind.Regular ? 1 : 0;
            yield break;
        }

        yield return new CopyUnit(_sequence++, entry, 0, 0, IsLast: true, Source: null, FirstBlock: null)
        {
            Delta = new UnitDelta { Parent = facts },
        };
    }

    private async IAsyncEnumerable<CopyUnit> ListedAsync(
        SourceEntry entry,
        FileFacts facts,
        FileDecision decision,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pages = new ListedPages(entry.Status.Size, blockSize);
        pages.AddBehind(facts.Length);
        if (decision.Changes is { } changes)
        {
            pages.Add(changes.Blocks, decision.FirstBlock);
        }

        var units = pages.Units();
        var source = cutter.Open(entry, units.Count);
        for (var at = 0; at < units.Count; at++)
        {
            var unit = cutter.UnitOf(entry, _sequence++, units[at], source) with { IsLast = at == units.Count - 1 };
            var listed = new List<ListedExtent>();
            foreach (var (number, length, changed) in pages.ExtentsOf(units[at]))
            {
                var isNew = (long)number * PageTags.ExtentSize >= facts.Length;
                var plan = isNew
                    ? new OverlayPlan(PageTags.AllPages(length), IsWhole: true)
                    : await parent.PlanAsync(entry.PathBytes, number, length, changed, cancellationToken);
                listed.Add(new ListedExtent(number, length, plan));
            }

            yield return unit with { Delta = new UnitDelta { Parent = facts, Listed = [.. listed] } };
        }
    }
}
