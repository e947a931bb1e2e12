using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Index;

/// <summary>The annex of an index run: how many entries of each section, and where each block begins.</summary>
internal sealed record IndexAnnex
{
    internal required int Weight { get; init; }

    internal required long Packs { get; init; }

    internal required long Frames { get; init; }

    internal required long Extents { get; init; }

    internal required int FilterBlocks { get; init; }

    /// <summary>Body frames of the section of packs.</summary>
    internal required int PackFrames { get; init; }

    /// <summary>The first id of each body frame of the section of frames.</summary>
    internal required Id128[] FrameStarts { get; init; }

    internal required Id128[] ExtentStarts { get; init; }

    internal required Id128[] Supersedes { get; init; }

    /// <summary>The body frame with which the filter begins.</summary>
    internal int FilterStart => PackFrames + FrameStarts.Length + ExtentStarts.Length;

    /// <summary>The first block that can hold an id.</summary>
    internal int FirstFrameBlock(Id128 id) => FirstBlock(FrameStarts, id);

    internal int FirstExtentBlock(Id128 id) => FirstBlock(ExtentStarts, id);

    internal ByteSink Encode()
    {
        var sink = new ByteSink();
        sink.Varint(Weight);
        sink.Varint(Packs);
        sink.Varint(Frames);
        sink.Varint(Extents);
        sink.Varint(FilterBlocks);
        sink.Varint(PackFrames);
        sink.Varint(FrameStarts.Length);
        sink.Varint(ExtentStarts.Length);
        foreach (var start in FrameStarts.Concat(ExtentStarts))
        {
            start.Write(sink.Append(Id128.Size));
        }

        sink.Varint(Supersedes.Length);
        foreach (var run in Supersedes)
        {
            run.Write(sink.Append(Id128.Size));
        }

        return sink;
    }

    /// <exception cref="DamagedObjectException">It is not the annex of an index run of so many body frames.</exception>
    internal static IndexAnnex Read(ContainerReader reader)
    {
        try
        {
            var source = new ByteSource(reader.Annex);
            var (weight, packs) = (source.VarintUpTo(int.MaxValue, "a weight"), source.VarintLong("packs"));
            var (frames, extents) = (source.VarintLong("frames"), source.VarintLong("extents"));
            var filter = source.VarintUpTo(int.MaxValue, "filter blocks");
            var packFrames = source.VarintUpTo(reader.Frames, "frames of packs");
            var frameBlocks = source.VarintUpTo(reader.Frames, "frames of frames");
            var extentBlocks = source.VarintUpTo(reader.Frames, "frames of extents");
            var filterFrames = (filter + IndexFilter.BlocksPerFrame - 1) / IndexFilter.BlocksPerFrame;
            if ((long)packFrames + frameBlocks + extentBlocks + filterFrames != reader.Frames)
            {
                throw new DecodingException("its sections do not fill its frames");
            }

            var annex = new IndexAnnex
            {
                Weight = weight,
                Packs = packs,
                Frames = frames,
                Extents = extents,
                FilterBlocks = filter,
                PackFrames = packFrames,
                FrameStarts = Ids(ref source, frameBlocks),
                ExtentStarts = Ids(ref source, extentBlocks),
                Supersedes = Ids(ref source, source.Count(Id128.Size, "superseded runs")),
            };
            source.MustBeAtEnd();
            return annex;
        }
        catch (DecodingException exception)
        {
            throw DamagedObjectException.Of(reader.Name, exception);
        }
    }

    private static Id128[] Ids(ref ByteSource source, int count)
    {
        var bytes = source.Bytes(checked(count * Id128.Size));
        var ids = new Id128[count];
        for (var at = 0; at < count; at++)
        {
            ids[at] = Id128.Read(bytes[(at * Id128.Size)..]);
        }

        return ids;
    }

    /// <summary>The last block that begins before the id, since equal ids may fill the end of it and more.</summary>
    private static int FirstBlock(Id128[] starts, Id128 id)
    {
        var (from, to) = (0, starts.Length);
        while (from < to)
        {
            var middle = (from + to) / 2;
            (from, to) = starts[middle].CompareTo(id) < 0 ? (middle + 1, to) : (from, middle);
        }

        return Math.Max(0, from - 1);
    }
}
