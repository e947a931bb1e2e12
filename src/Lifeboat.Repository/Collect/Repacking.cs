using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Collect;

/// <summary>
/// Writes what is needed of sparse packs into new ones. Maps stay as they are: they name frames, and where one lies is a hint.
/// The old packs go by themselves, when a mark finds that the new ones have been there for long enough.
/// </summary>
internal static class Repacking
{
    /// <summary>Of zstd, as a backup's own.</summary>
    private const int Level = 3;

    /// <summary>
    /// When it dies on the way, what it wrote is found by the next run like that of any writer. A pack that does not read as it
    /// should stays, for a check to tell of it: nothing is made of content that is not what its ids say.
    /// </summary>
    internal static async ValueTask RunAsync(
        Cluster cluster, IReadOnlyList<SparsePack> packs, CancellationToken cancellationToken)
    {
        using var tagger = new ExtentTagger(cluster.TagKey);
        using var source = new FrameSource(cluster);
        var plain = new byte[ContainerLimits.BodyPlaintext];
        var written = new BackupPacks(cluster);
        await using (var writer = new PackWriter(cluster, Level, tagger, written.Add))
        {
            foreach (var pack in packs)
            {
                try
                {
                    var needed = pack.Frames.ToHashSet();
                    var directory = await PackDirectory.ReadAsync(cluster, pack.Pack, pack.Size, cancellationToken);
                    // One that it holds twice is needed once.
                    foreach (var frame in directory.Frames.Where(frame => needed.Remove(frame.Id)))
                    {
                        var length = await source.ReadAsync(new FrameLocation(pack.Pack, frame), plain, cancellationToken);
                        if (IsWhatItSays(tagger, frame.Slots, plain))
                        {
                            await writer.AddFrameAsync(plain.AsMemory(0, length), frame.Slots, cancellationToken);
                        }
                    }
                }
                catch (DamagedObjectException)
                {
                    // It stays: what was not written anew has its home here.
                }
            }

            await writer.FlushAsync(cancellationToken);
        }

        await written.WriteIndexAsync(cancellationToken);
    }

    private static bool IsWhatItSays(ExtentTagger tagger, Slot[] slots, byte[] plain)
    {
        var at = 0;
        foreach (var slot in slots)
        {
            if (slot.Length > PageTags.ExtentSize)
            {
                return false;
            }

            tagger.Tag(plain.AsSpan(at, slot.Length), out var id, out _);
            at += slot.Length;
            if (id != slot.Id)
            {
                return false;
            }
        }

        return true;
    }
}
