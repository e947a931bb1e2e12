using System.Runtime.CompilerServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Maps;

/// <summary>Reads one map run, block by block, in order.</summary>
internal static class MapRunReader
{
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped, foreign, or not in order.</exception>
    internal static async IAsyncEnumerable<MapEntry> ReadAsync(
        Cluster cluster, Id128 run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 1);
        using var reader = await ContainerReader.OpenAsync(
            cluster.Store,
            ObjectNames.MapRun(cluster.Name, run),
            ContainerKind.MapRun,
            cluster.DataKey,
            compressor,
            size: null,
            cancellationToken);
        var firsts = ReadAnnex(reader);
        var buffer = new byte[ContainerLimits.BodyPlaintext];
        MapEntry? last = null;
        for (var number = 0; number < reader.Frames; number++)
        {
            var length = await reader.ReadFrameAsync(number, buffer, cancellationToken);
            var entries = Decode(reader, buffer.AsSpan(0, length));
            if (entries.Count == 0 || !entries[0].PathBytes.AsSpan().SequenceEqual(firsts[number].Path)
                || entries[0].Number != firsts[number].Number)
            {
                throw new DamagedObjectException(
                    reader.Name, DamageKind.Inconsistent, $"block {number} does not begin as the directory says");
            }

            foreach (var entry in entries)
            {
                if (last is not null && MapEntry.Compare(last, entry) >= 0)
                {
                    throw new DamagedObjectException(
                        reader.Name, DamageKind.Inconsistent, $"its entries are not in order in block {number}");
                }

                last = entry;
                yield return entry;
            }
        }
    }

    private static List<MapEntry> Decode(ContainerReader reader, ReadOnlySpan<byte> block)
    {
        try
        {
            return MapBlock.Decode(block);
        }
        catch (DecodingException exception)
        {
            throw DamagedObjectException.Of(reader.Name, exception);
        }
    }

    private static (byte[] Path, int Number)[] ReadAnnex(ContainerReader reader)
    {
        try
        {
            var source = new ByteSource(reader.Annex);
            if (source.Varint() != PageTags.ExtentPages || source.Varint() != PageTags.PageSize)
            {
                throw new DecodingException("its extents have another size than this version reads");
            }

            var firsts = new (byte[], int)[reader.Frames];
            for (var at = 0; at < firsts.Length; at++)
            {
                var path = source.Bytes(source.VarintUpTo(MapEntry.LongestPath, "a path's length")).ToArray();
                firsts[at] = (path, source.VarintUpTo(int.MaxValue, "an extent's number"));
            }

            source.MustBeAtEnd();
            return firsts;
        }
        catch (DecodingException exception)
        {
            throw DamagedObjectException.Of(reader.Name, exception);
        }
    }
}
