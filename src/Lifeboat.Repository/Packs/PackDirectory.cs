using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;

namespace Lifeboat.Repository.Packs;

/// <summary>What a pack says of itself: enough to make its index entry anew.</summary>
internal static class PackDirectory
{
    /// <exception cref="DamagedObjectException">Missing, damaged, swapped or foreign.</exception>
    internal static async ValueTask<PackRecord> ReadAsync(
        Cluster cluster, Id128 pack, long? size, CancellationToken cancellationToken)
    {
        using var compressor = new Compressor(level: 1);
        using var reader = await ContainerReader.OpenAsync(
            cluster.Store,
            ObjectNames.Pack(cluster.Name, pack),
            ContainerKind.Pack,
            cluster.DataKey,
            compressor,
            size,
            cancellationToken);
        return Parse(cluster, pack, reader);
    }

    internal static PackRecord Parse(Cluster cluster, Id128 pack, ContainerReader reader)
    {
        try
        {
            using var tagger = new ExtentTagger(cluster.TagKey);
            var source = new ByteSource(reader.Annex);
            var frames = new PackedFrame[reader.Frames];
            for (var number = 0; number < frames.Length; number++)
            {
                var slots = Slot.ReadAll(ref source);
                var (offset, length) = reader.FrameAt(number);
                frames[number] = new PackedFrame(tagger.FrameId(slots), (uint)number, offset, length, slots);
            }

            source.MustBeAtEnd();
            return new PackRecord(pack, reader.Size, reader.CreatedUs, frames);
        }
        catch (DecodingException exception)
        {
            throw DamagedObjectException.Of(reader.Name, exception);
        }
    }
}
