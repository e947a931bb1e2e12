using System.Security.Cryptography;
using System.Text.Json;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>
/// A series of backups that another program wrote from the specification (tests/fixtures/repository/make-v0.py), with every
/// feature of map runs and index runs; healthy and damaged.
/// </summary>
public sealed class GoldenSeriesTests
{
    [Fact]
    public async Task Every_backup_of_a_series_made_from_the_specification_alone_reads_back()
    {
        var cluster = await OpenAsync("v0-series");
        using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(
            Path.Combine(AppContext.BaseDirectory, "fixtures", "repository", "expected", "v0-series.json")));
        var (backups, damage) = await BackupCatalog.ListAsync(cluster, default);
        Assert.Empty(damage);
        Assert.Equal(expected.RootElement.EnumerateObject().Select(backup => backup.Name), backups.Select(backup => backup.Id));
        foreach (var backup in backups)
        {
            var files = expected.RootElement.GetProperty(backup.Id).EnumerateObject()
                .ToDictionary(file => file.Name, file => file.Value.GetString());
            Assert.Equal(files, await ReadAsync(cluster, backup));
        }
    }

    [Fact]
    public async Task Its_index_supersedes_finds_and_has_what_the_packs_say()
    {
        var cluster = await OpenAsync("v0-series");
        using var index = await FrameIndex.LoadAsync(cluster, default);
        Assert.Empty(index.Damage);
        Assert.Empty(index.Unlisted);
        Assert.Equal(new string('1', 32), Assert.Single(index.Superseded).ToString());
        foreach (var pack in new[] { "a1", "b1", "c1" })
        {
            var id = Lifeboat.Repository.Encoding.Id128.Parse(string.Concat(Enumerable.Repeat(pack, 16)));
            var record = await PackDirectory.ReadAsync(cluster, id, size: null, default);
            foreach (var frame in record.Frames)
            {
                Assert.Equal(id, Assert.Single(await index.FindAllAsync(frame.Id, default)).Pack);
                foreach (var slot in frame.Slots)
                {
                    Assert.Equal(
                        slot.Kind == Lifeboat.Repository.Frames.SlotKind.Extent,
                        await index.FindExtentAsync(slot.Id, default) is not null);
                }
            }
        }
    }

    [Theory]
    [InlineData("v0-series", false)]
    [InlineData("v0-damaged", true)]
    public async Task The_check_finds_the_damage_of_the_damaged_one_and_none_in_the_other(string name, bool isDamaged)
    {
        var store = await GoldenRepositoryTests.LoadAsync(name);
        var repository = await RepositoryRoot.OpenAsync(store, null, TimeProvider.System, default);
        var report = await RepositoryCheck.RunAsync(repository, new CheckOptions { ReadData = true }, null, default);
        var damaged = report.Findings
            .Where(finding => finding.Severity == FindingSeverity.Damage
                && !finding.Object.Contains("/wal/", StringComparison.Ordinal))
            .ToList();
        if (!isDamaged)
        {
            Assert.Empty(damaged);
            return;
        }

        var found = Assert.Single(damaged);
        Assert.EndsWith(string.Concat(Enumerable.Repeat("b1", 16)), found.Object, StringComparison.Ordinal);
        Assert.Equal(["20260102T000000Z-000001", "20260103T000000Z-000002"], found.HurtBackups);
    }

    [Fact]
    public async Task Of_the_damaged_one_the_backup_that_does_not_need_the_damage_reads_back()
    {
        var cluster = await OpenAsync("v0-damaged");
        var (backups, _) = await BackupCatalog.ListAsync(cluster, default);
        Assert.NotEmpty(await ReadAsync(cluster, backups[0]));
        await Assert.ThrowsAsync<DamagedObjectException>(() => ReadAsync(cluster, backups[1]));
        await Assert.ThrowsAsync<DamagedObjectException>(() => ReadAsync(cluster, backups[2]));
    }

    private static async Task<Cluster> OpenAsync(string name)
    {
        var store = await GoldenRepositoryTests.LoadAsync(name);
        var repository = await RepositoryRoot.OpenAsync(store, null, TimeProvider.System, default);
        return await Cluster.OpenAsync(repository, "golden", default);
    }

    private static async Task<Dictionary<string, string?>> ReadAsync(Cluster cluster, BackupManifest backup)
    {
        var files = new Dictionary<string, string?>();
        using var index = FrameIndex.ForReading(cluster);
        using var reader = new ExtentReader(cluster, index);
        var content = new MemoryStream();
        await foreach (var entry in BackupMap.ReadAsync(cluster, backup.MapRuns, default))
        {
            if (entry.Extent is { } extent)
            {
                content.Write(extent.IsZero
                    ? new byte[extent.Length]
                    : (await reader.ReadAsync(entry.Path, extent, default)).Span);
            }
            else if (entry.Facts!.Kind == MapFileKind.Regular)
            {
                Assert.Equal(Lifeboat.Platform.Checksums.Crc32C.Compute(content.ToArray()), entry.Facts.Crc);
                files[entry.Path] = Convert.ToHexStringLower(SHA256.HashData(content.ToArray()));
                content.SetLength(0);
            }
        }

        return files;
    }
}
