using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>Makes of what all runs of a backup say of a file the entries that hold.</summary>
internal static class ResolvedFile
{
    /// <summary>Extents without those behind the end, then facts with their CRC; nothing of a file that is gone.</summary>
    /// <exception cref="DamagedObjectException">The facts are in no run, or a patch has nothing below it.</exception>
    internal static IEnumerable<(MapEntry Entry, Id128 Run)> Of(Cluster cluster, MapFile file)
    {
        if (file.End is not { } end)
        {
            throw Inconsistent(cluster, file.Extents[0], "has extents, but its facts are missing");
        }

        if (end.Entry.Facts is not { } facts)
        {
            yield break;
        }

        uint crc = 0;
        foreach (var kept in file.Extents)
        {
            var extent = kept.Entry.Extent!;
            if ((long)extent.Number * PageTags.ExtentSize >= facts.Length)
            {
                break;
            }

            if (extent.IsPatch)
            {
                throw Inconsistent(cluster, kept, $"has a patch of extent {extent.Number}, which no earlier run holds");
            }

            crc = facts.CrcFromTags ? Append(crc, extent) : 0;
            yield return kept.Entry.Kept is null ? kept : (kept.Entry with { Kept = null }, kept.Run);
        }

        yield return facts.CrcFromTags || end.Entry.Kept is not null
            ? (end.Entry with { Kept = null, Facts = facts.CrcFromTags ? facts with { Crc = crc } : facts }, end.Run)
            : end;
    }

    /// <summary>The CRC of a file up to the end of an extent.</summary>
    internal static uint Append(uint crc, ExtentEntry extent) => extent.IsZero
        ? Crc32C.Combine(crc, ExtentTagger.CrcOfZeros(extent.Length), extent.Length)
        : TagCrcs.Append(crc, extent.Tags, extent.Length);

    private static DamagedObjectException Inconsistent(Cluster cluster, (MapEntry Entry, Id128 Run) at, string what) =>
        new(
            ObjectNames.MapRun(cluster.Name, at.Run),
            DamageKind.Inconsistent,
            $"{PosixPath.Display(at.Entry.Path)} {what}");
}
