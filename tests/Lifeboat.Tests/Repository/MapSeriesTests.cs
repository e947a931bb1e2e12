using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Testing;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>Series of incremental backups: what they read back as, and what they cost.</summary>
public sealed class MapSeriesTests
{
    [Fact]
    public Task Any_series_of_incrementals_reads_back_as_a_plain_model() => Sample.SeededAsync(async () =>
    {
        var random = Sample.Numbers("map series");
        for (var turn = Sample.IsWhole ? 60 : 6; turn > 0; turn--)
        {
            var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
            using var model = new MapSeriesModel(cluster, random.Next());
            await model.FullAsync();
            for (var backup = 1; backup <= 40; backup++)
            {
                await model.IncrementalAsync(random.Next(6));
                await model.VerifyAsync(backup);
            }

            for (var backup = 0; backup <= 40; backup++)
            {
                await model.VerifyAsync(backup);
            }
        }
    });

    [Fact]
    public Task I11_any_backup_of_a_series_can_be_dropped_and_the_others_stay_whole() => Sample.SeededAsync(async () =>
    {
        var random = Sample.Numbers("map drops");
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        using var model = new MapSeriesModel(cluster, random.Next());
        model.AddFile("base/9/large", 20_000);
        await model.FullAsync();
        for (var backup = 1; backup <= 30; backup++)
        {
            await model.IncrementalAsync(random.Next(6));
        }

        var left = Enumerable.Range(0, 31).ToList();
        while (left.Count > 1)
        {
            left.RemoveAt(random.Next(left.Count));
            var needed = left.SelectMany(backup => model.Backups[backup].Runs).ToHashSet();
            await foreach (var facts in cluster.Store.ListAsync(Lifeboat.Repository.ObjectNames.Maps("main"), default))
            {
                if (!needed.Contains(Id128.Parse(facts.Name.LastPart)))
                {
                    await cluster.Store.DeleteAsync(facts.Name, default);
                }
            }

            await model.VerifyAsync(left[random.Next(left.Count)]);
        }
    });

    [Fact]
    public async Task A_hundred_incrementals_have_few_runs_and_each_costs_what_changed()
    {
        var costs = new List<(long Bytes, long Blocks)>();
        foreach (var size in new[] { 40_000, 160_000 })
        {
            var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
            using var model = new MapSeriesModel(cluster, 5);
            model.AddFile("base/1/large", size);
            await model.FullAsync();
            var random = new Random(6);
            for (var backup = 1; backup <= 100; backup++)
            {
                // Two hundred pages of a hot range of forty extents.
                await model.IncrementalAsync("base/1/large", [.. Enumerable.Range(0, 200).Select(_ => random.Next(1280))]);
                Assert.InRange(model.Backups[^1].Runs.Length, 1, 2 + RunCounter.MostRuns(backup));
                Assert.InRange(model.BlocksRead, 0, RunCounter.MostRuns(backup) + 1);
            }

            // A page costs 20 bytes, an extent some 60 more; each is written again at most once for each digit.
            var own = (200 * PageTags.TagSize) + (40 * 80) + 2000;
            Assert.InRange(model.Written.Average(), 1, own * 4.0);
            costs.Add((model.Written.Sum(), model.BlocksRead));
            await model.VerifyAsync(100);
        }

        Assert.InRange(costs[1].Bytes, 1, (long)(1.05 * costs[0].Bytes));
        Assert.Equal(costs[0].Blocks, costs[1].Blocks);
    }

    [Fact]
    public async Task A_lookup_in_a_large_map_reads_one_block_of_each_run()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        using var model = new MapSeriesModel(cluster, 5);
        model.AddFile("base/1/large", 200_000);
        await model.FullAsync();
        using var lookup = await MapLookup.OpenAsync(cluster, model.Backups[0].Runs, default);
        for (var number = 0; number < 50; number++)
        {
            Assert.NotNull(await lookup.FindAsync("base/1/large"u8.ToArray(), 3000 + number, default));
        }

        Assert.InRange(lookup.BlocksRead, 1, 2);
        var first = 0;
        await foreach (var entry in BackupMap.ReadAsync(cluster, model.Backups[0].Runs, "base/1/l"u8.ToArray(), default))
        {
            Assert.Equal("base/1/large", entry.Path);
            first++;
        }

        Assert.Equal(6250 + 1, first);
    }

    [Fact]
    public void Runs_are_put_together_like_the_digits_of_a_counter()
    {
        List<int> weights = [];
        for (var backup = 1; backup <= 40_000; backup++)
        {
            var (taken, weight) = RunCounter.Choose(weights);
            weights.RemoveRange(weights.Count - taken, taken);
            weights.Add(weight);
            Assert.Equal(backup, weights.Sum());
            Assert.InRange(weights.Count, 1, RunCounter.MostRuns(backup));
            weights.Add(0);
        }

        Assert.InRange(RunCounter.MostRuns(35_040), 1, 24);
    }

    [Fact]
    public async Task I10_a_delta_in_which_a_file_has_no_end_or_two_words_is_refused()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        using var model = new MapSeriesModel(cluster, 5);
        model.AddFile("a", 10);
        await model.FullAsync();
        MapEntry Zero(string path, int number) =>
            new(System.Text.Encoding.ASCII.GetBytes(path), ExtentEntry.Zeros(number, 8192), null, IsGone: false);
        MapEntry[][] bad =
        [
            [Zero("b", 0)],
            [Zero("b", 0), Zero("c", 0)],
            [Zero("b", 1), Zero("b", 0)],
            [Zero("b", 0), Zero("b", 1) with { Kept = 3 }],
        ];
        foreach (var entries in bad)
        {
            await using var delta = await DeltaMapWriter.CreateAsync(cluster, model.Backups[0].Runs, default);
            await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            {
                foreach (var entry in entries)
                {
                    await delta.AddAsync(entry, default);
                }

                await delta.CompleteAsync(default);
            });
        }
    }

    [Fact]
    public async Task A_patch_with_nothing_below_it_or_too_short_is_damage_and_never_zeros()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        using var model = new MapSeriesModel(cluster, 5);
        model.AddFile("a", 40);
        await model.FullAsync();
        var facts = new FileFacts(MapFileKind.Regular, 0x180, 40 * 8192, 1, 2, 3, 0) { CrcFromTags = true };
        MapEntry Patch(string path, int number, int length) => new(
            System.Text.Encoding.ASCII.GetBytes(path),
            ExtentEntry.Patch(number, length, new byte[20], new Overlay(1, new FrameReference(Id128.NewRandom()), 0)),
            null,
            IsGone: false);
        foreach (var patch in new[] { Patch("b", 0, 8192), Patch("a", 2, 8192), Patch("a", 1, 8192), Patch("a", 1, 262144) })
        {
            await using var delta = await MapRunWriter.CreateAsync(cluster, 1, 65536, default);
            await delta.AddAsync(patch, default);
            await delta.AddAsync(
                new MapEntry(patch.PathBytes, null, facts with { Length = 1 << 30 }, IsGone: false), default);
            await delta.CompleteAsync(default);
            await Assert.ThrowsAsync<DamagedObjectException>(async () =>
            {
                await foreach (var entry in BackupMap.ReadAsync(cluster, [model.Backups[0].Runs[0], delta.Id], default))
                {
                    _ = entry;
                }
            });
        }
    }
}
