using Lifeboat.Platform.Files;
using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>Cuts files of a data directory into units.</summary>
/// <param name="root">The data directory.</param>
/// <param name="relationSegmentBlocks">Pages of a relation's segment file; 0 when pages have no checksums.</param>
internal sealed class UnitCutter(IFileSystem files, string root, uint relationSegmentBlocks)
{
    /// <summary>All entries, in their order.</summary>
    internal IEnumerable<CopyUnit> Cut(IReadOnlyList<SourceEntry> entries)
    {
        long sequence = 0;
        foreach (var entry in entries)
        {
            foreach (var unit in Cut(entry, sequence))
            {
                sequence = unit.Sequence + 1;
                yield return unit;
            }
        }
    }

    /// <param name="sequence">Of the first unit.</param>
    internal IEnumerable<CopyUnit> Cut(SourceEntry entry, long sequence)
    {
        if (entry.Kind != MapFileKind.Regular)
        {
            yield return new CopyUnit(sequence, entry, 0, 0, IsLast: true, Source: null, FirstBlock: null);
            yield break;
        }

        var units = (int)Math.Max(1, (entry.Status.Size + CopyUnit.Size - 1) / CopyUnit.Size);
        var source = Open(entry, units);
        for (var unit = 0; unit < units; unit++)
        {
            yield return UnitOf(entry, sequence + unit, unit, source) with { IsLast = unit == units - 1 };
        }
    }

    /// <param name="units">How many units will release it.</param>
    internal OpenSource Open(SourceEntry entry, int units)
    {
        var path = PosixPath.Combine(root, entry.Path);
        return new OpenSource(() => files.OpenRead(path), units);
    }

    /// <param name="unit">Which stretch of the file, from 0; not its last one.</param>
    internal CopyUnit UnitOf(SourceEntry entry, long sequence, long unit, OpenSource source)
    {
        var offset = unit * CopyUnit.Size;
        uint? firstBlock = relationSegmentBlocks > 0
            && RelationFilePath.TryParse(entry.Path, out var relation) && !relation.File.IsTemporary
                ? relation.FirstBlock(relationSegmentBlocks)
                : null;
        return new CopyUnit(
            sequence,
            entry,
            offset,
            (int)Math.Min(CopyUnit.Size, entry.Status.Size - offset),
            IsLast: false,
            source,
            firstBlock);
    }
}
