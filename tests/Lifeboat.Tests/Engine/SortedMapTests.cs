using Lifeboat.Engine.Backup.Physical.Streamed;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Maps;
using Lifeboat.Testing;
using Lifeboat.Tests.Repository;
using Xunit;

namespace Lifeboat.Tests.Engine;

public sealed class SortedMapTests
{
    private const int Extent = 256 << 10;

    [Fact]
    public Task Files_in_any_order_read_back_as_a_sorted_map_however_little_memory_there_is() =>
        Sample.SeededAsync(async () =>
        {
            var random = Sample.Numbers("sorted map");
            foreach (var memory in new long[] { 1, 1000, 20_000, 1 << 20 })
            {
                var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
                var files = Enumerable.Range(0, 60)
                    .Select(number => (Path: $"base/{random.Next(1000)}/{number}", Extents: random.Next(7)))
                    .Append((Path: "global/pg_control", Extents: 1))
                    .ToArray();
                random.Shuffle(files);
                var map = new SortedMap(cluster, memory);
                foreach (var (path, extents) in files)
                {
                    foreach (var entry in Entries(path, extents))
                    {
                        await map.AddAsync(entry, default);
                    }
                }

                var runs = await map.CompleteAsync(default);

                var read = new List<(string, int)>();
                await foreach (var entry in BackupMap.ReadAsync(cluster, runs, default))
                {
                    read.Add((entry.Path, entry.Extent?.Number ?? -(int)entry.Facts!.Crc));
                }

                var expected = files.OrderBy(file => file.Path, StringComparer.Ordinal)
                    .SelectMany(file => Entries(file.Path, file.Extents))
                    .Select(entry => (entry.Path, entry.Extent?.Number ?? -(int)entry.Facts!.Crc));
                Assert.Equal(expected, read);
                Assert.True(runs.Length is >= 2 and < 20, $"{runs.Length} runs");
            }
        });

    private static IEnumerable<MapEntry> Entries(string path, int extents)
    {
        for (var number = 0; number < extents; number++)
        {
            yield return new MapEntry(PosixPath.Encode(path), ExtentEntry.Zeros(number, Extent), Facts: null, IsGone: false);
        }

        yield return new MapEntry(
            PosixPath.Encode(path),
            Extent: null,
            new FileFacts(MapFileKind.Regular, 0x180, (long)extents * Extent, 5, 0, 0, (uint)(7 + extents)),
            IsGone: false);
    }
}
