using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Pages;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Repository.Check;

/// <summary>A page that PostgreSQL would not accept; whether that is damage depends on the backup.</summary>
internal sealed record SuspectPage(
    Id128 Frame, int Slot, string Path, int Extent, long BlockInFile, Lsn Lsn, string Fault);

/// <summary>Decodes every frame of every pack once, and compares all of it with ids, tags and page checksums.</summary>
internal sealed class PackDataCheck(
    Cluster cluster, PackTable packs, FrameUse use, CheckOptions options, IProgress<CheckProgress>? progress)
{
    private readonly Lock _lock = new();
    private readonly List<SuspectPage> _suspects = [];
    private long _bytes;
    private long _done;

    internal long BytesRead => _bytes;

    internal async ValueTask<List<SuspectPage>> RunAsync(CancellationToken cancellationToken)
    {
        var all = packs.Packs.Values.Where(pack => pack.Directory is not null).ToList();
        await Parallel.ForEachAsync(
            all,
            new ParallelOptions
            {
                MaxDegreeOfParallelism = Math.Max(1, options.Jobs),
                CancellationToken = cancellationToken,
            },
            async (pack, token) =>
            {
                await Task.Yield();
                await ReadPackAsync(pack, token);
                progress?.Report(new CheckProgress(
                    "read packs", Interlocked.Increment(ref _done), all.Count, Interlocked.Read(ref _bytes)));
            });
        return _suspects;
    }

    private async ValueTask ReadPackAsync(PackState pack, CancellationToken cancellationToken)
    {
        using var source = new FrameSource(cluster);
        using var tagger = new ExtentTagger(cluster.TagKey);
        var plain = new byte[ContainerLimits.BodyPlaintext];
        await foreach (var frame in source.AllOfAsync(pack.Directory!, cancellationToken))
        {
            try
            {
                var length = await source.ReadAsync(frame, plain, cancellationToken);
                Interlocked.Add(ref _bytes, length);
            }
            catch (DamagedObjectException damage)
            {
                var (at, offset) = (frame.Frame.Number, frame.Frame.Offset);
                pack.Fault(damage.Kind, $"frame {at} at byte {offset}: {damage.Detail}", frame.Frame.Id);
                continue;
            }
            catch (LifeboatException newer) when (newer.Code == ErrorCode.UnknownFormat)
            {
                pack.Fault(DamageKind.Inconsistent, $"frame {frame.Frame.Number}: {newer.Failure.Cause}", frame.Frame.Id);
                continue;
            }

            CompareFrame(pack, frame.Frame, plain, tagger);
        }
    }

    private void CompareFrame(PackState pack, PackedFrame frame, byte[] plain, ExtentTagger tagger)
    {
        var at = 0;
        var uses = use.Of(frame.Id).ToLookup(expected => expected.Slot);
        for (var number = 0; number < frame.Slots.Length; number++)
        {
            var slot = frame.Slots[number];
            var content = plain.AsSpan(at, slot.Length);
            at += slot.Length;
            if (slot.Length > PageTags.ExtentSize)
            {
                pack.Fault(DamageKind.Inconsistent, $"slot {number} of frame {frame.Number} is longer than an extent", frame.Id, number);
                continue;
            }

            var tags = tagger.Tag(content, out var id, out _);
            if (id != slot.Id)
            {
                pack.Fault(
                    DamageKind.Inconsistent,
                    $"slot {number} of frame {frame.Number} does not hold the content that its id says",
                    frame.Id,
                    number);
                continue;
            }

            var fingerprint = TagCrcs.Fingerprint(tags);
            foreach (var expected in uses[number])
            {
                if (expected.Crcs != fingerprint)
                {
                    // The id vouches for the content; it is the map's CRCs that are wrong, and the file's CRC with them.
                    pack.Fault(
                        DamageKind.Inconsistent,
                        $"slot {number} of frame {frame.Number} does not have the CRCs that a map says",
                        frame.Id,
                        number);
                }
                else if (expected.Path >= 0)
                {
                    JudgePages(frame.Id, expected, content);
                }
            }
        }
    }

    private void JudgePages(Id128 frame, Expectation expected, ReadOnlySpan<byte> content)
    {
        var (path, server) = use.Paths[expected.Path];
        var judge = options.PageJudge ?? RelationPages.Judge;
        var size = server.BlockSize;
        if (size < PageHeader.Length || PageTags.ExtentSize % size != 0)
        {
            return;
        }

        // What is behind the last whole block is no page: the file was being extended.
        for (var at = 0; at + size <= content.Length; at += size)
        {
            var page = content.Slice(at, size);
            var block = (((long)expected.Extent * PageTags.ExtentSize) + at) / size;
            if (judge(page, path, block, server) is { } fault)
            {
                lock (_lock)
                {
                    _suspects.Add(new SuspectPage(
                        frame, expected.Slot, path, expected.Extent, block, PageHeader.Read(page).Lsn, fault));
                }
            }
        }
    }
}
