using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Pages;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Containers;
using Lifeboat.Storage;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Repository;

public sealed class CheckTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_healthy_repository_has_no_finding_at_all(bool encrypted, bool readData)
    {
        var built = await RepositoryBuilder.CreateAsync(encrypted);
        await built.FillAsync();
        var report = await Run(built.Repository, readData);
        Assert.Empty(report.Findings);
        Assert.False(report.HasDamage);
        Assert.Equal(2, report.Backups);
        Assert.Equal(readData, report.BytesRead > 0);
    }

    [Fact]
    public async Task A_page_changed_with_its_tag_is_found_by_the_files_own_crc()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var backup = await built.BackupAsync(RepositoryBuilder.Files(1), "0/2000028", "0/2000100", new BackupChanges
        {
            Stored = content =>
            {
                content[^1] ^= content.Length == 8192 ? (byte)1 : (byte)0;
                return content;
            },
        });
        await built.SegmentAsync(0x20);
        var finding = Assert.Single((await Run(built.Repository, readData: true)).Findings);
        Assert.Equal($"clusters/main/maps/{backup.MapRuns[0]}", finding.Object);
        Assert.Contains("global/pg_control", finding.Detail, StringComparison.Ordinal);
        Assert.Equal(FindingSeverity.Damage, finding.Severity);
        Assert.Equal([backup.Id], finding.HurtBackups);
    }

    [Fact]
    public async Task A_tags_crc_that_its_page_does_not_have_is_found()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var backup = await built.BackupAsync(RepositoryBuilder.Files(1), "0/2000028", "0/2000100", new BackupChanges
        {
            Tags = tags =>
            {
                tags[^1] ^= 1;
                return tags;
            },
        });
        var report = await Run(built.Repository, readData: true);
        Assert.Contains(report.Findings, finding => finding.HurtBackups.Contains(backup.Id)
            && finding.Detail.Contains("checksum", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_index_run_is_removed_when_its_packs_are_listed_anew()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.FillAsync();
        var damaged = (await StoreCopy.ReadAsync(built.Store)).First(
            pair => pair.Key.Contains("/index/", StringComparison.Ordinal));
        damaged.Value[150] ^= 1;
        await built.Store.ReplaceAsync(damaged.Key, damaged.Value);
        Assert.True((await Run(built.Repository, readData: false)).HasDamage);
        var repaired = await IndexRepair.RebuildAsync(built.Cluster, default);
        Assert.Equal([damaged.Key], repaired.Removed.Select(name => name.Value));
        Assert.Empty(repaired.Damage);
        Assert.NotNull(repaired.Run);
        Assert.False((await Run(built.Repository, readData: true)).HasDamage);
    }

    [Fact]
    public async Task A_lost_index_run_hurts_no_backup_and_is_made_again()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.FillAsync();
        foreach (var name in (await StoreCopy.ReadAsync(built.Store)).Keys.Where(name => name.Contains("/index/", StringComparison.Ordinal)))
        {
            await built.Store.DeleteAsync(new ObjectName(name), default);
        }

        var report = await Run(built.Repository, readData: true);
        Assert.False(report.HasDamage);
        Assert.Equal(3, report.Findings.Count);
        Assert.All(report.Findings, finding => Assert.Equal(FindingSeverity.Information, finding.Severity));
        var repaired = await IndexRepair.RebuildAsync(built.Cluster, default);
        Assert.Equal(2, repaired.Packs.Count);
        Assert.Empty(repaired.Damage);
        Assert.DoesNotContain(
            (await Run(built.Repository, readData: false)).Findings,
            finding => finding.Detail.Contains("no index run", StringComparison.Ordinal));
        Assert.Null((await IndexRepair.RebuildAsync(built.Cluster, default)).Run);
    }

    [Fact]
    public async Task A_foreign_object_is_named_and_hurts_nothing()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.FillAsync();
        string[] names =
        [
            "stray", "keys/x", "clusters/main/packs/x", "clusters/main/lineages/x/lineage", "clusters/-/cluster",
            $"clusters/main/lineages/{built.Cluster.FirstLineage}/claims/00000001-x/y",
            $"clusters/main/lineages/{built.Cluster.FirstLineage}/backups/x/manifest",
            $"clusters/main/lineages/{built.Cluster.FirstLineage}/wal/00000002/000000010000000000000020-{new string('0', 32)}",
        ];
        foreach (var name in names)
        {
            await built.Store.ReplaceAsync(name, [1, 2, 3]);
        }

        var report = await Run(built.Repository, readData: true);
        Assert.False(report.HasDamage);
        Assert.Equal(names.Order(StringComparer.Ordinal), report.Findings.Select(finding => finding.Object));
        Assert.NotNull(await Lifeboat.Repository.Clusters.Claims.HolderAsync(
            built.Cluster, built.Cluster.FirstLineage, Timeline.First, default));
        Assert.Empty((await BackupCatalog.ListAsync(built.Cluster, default)).Damage);
    }

    [Fact]
    public async Task A_gap_in_the_wal_names_the_points_in_time_that_are_lost()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var (first, second) = await built.FillAsync();
        foreach (var name in (await StoreCopy.ReadAsync(built.Store)).Keys
            .Where(name => name.Contains("/000000010000000000000021-", StringComparison.Ordinal)
                || name.Contains("/000000010000000000000023-", StringComparison.Ordinal)))
        {
            await built.Store.DeleteAsync(new ObjectName(name), default);
        }

        var report = await Run(built.Repository, readData: false);
        Assert.Equal(2, report.Findings.Count);
        var early = report.Findings[0];
        Assert.EndsWith("/000000010000000000000021", early.Object, StringComparison.Ordinal);
        Assert.Empty(early.HurtBackups);
        Assert.Equal([first.Id], early.HurtPoints.Single().Backups);
        Assert.Equal("0/2100000", early.HurtPoints.Single().From);
        Assert.Equal("0/2200000", early.HurtPoints.Single().To);
        var late = report.Findings[1];
        Assert.Equal([first.Id, second.Id], late.HurtPoints.Single().Backups);
        Assert.True(report.HasDamage);
    }

    [Fact]
    public async Task Rubbish_under_the_name_of_a_far_segment_is_damage_and_makes_no_gap()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.FillAsync();
        var name = $"clusters/main/lineages/{built.Cluster.FirstLineage}/wal/00000001/FFFFFFFF/00000001FFFFFFFF00000FFF-{new string('0', 32)}";
        await built.Store.ReplaceAsync(name, [1]);
        Assert.Equal(name, Assert.Single((await Run(built.Repository, readData: true)).Findings).Object);
    }

    [Fact]
    public async Task A_file_whose_name_counts_beyond_any_relation_is_no_relation()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.SegmentAsync(0x20);
        await built.BackupAsync(
            new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { ["base/5/1.4000000"] = Broken(Page(0, "0/1")) },
            "0/2000028",
            "0/2000100",
            new BackupChanges { Checksums = true });
        Assert.Empty((await Run(built.Repository, readData: true)).Findings);
    }

    [Fact]
    public async Task A_backup_without_its_own_wal_is_hurt()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var backup = await built.BackupAsync(RepositoryBuilder.Files(1), "0/2000028", "0/2100100");
        await built.SegmentAsync(0x20);
        var finding = Assert.Single((await Run(built.Repository, readData: true)).Findings);
        Assert.EndsWith("/000000010000000000000021", finding.Object, StringComparison.Ordinal);
        Assert.Equal([backup.Id], finding.HurtBackups);
    }

    [Fact]
    public async Task Two_contents_of_one_segment_are_a_conflict_that_names_both()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.FillAsync();
        await built.SegmentAsync(0x22, seed: 7);
        var report = await Run(built.Repository, readData: true);
        Assert.Equal(2, report.Findings.Count);
        Assert.All(report.Findings, finding => Assert.Contains("2 different contents", finding.Detail, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_segment_under_another_segments_name_is_found_by_its_header()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.WalAsync("000000010000000000000030", RepositoryBuilder.SegmentContent(1, 0x31, 1));
        var finding = Assert.Single((await Run(built.Repository, readData: true)).Findings, finding => finding.Kind == DamageKind.Inconsistent);
        Assert.Contains("0/3100000", finding.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_backup_needs_nothing_and_a_false_tombstone_expires_nothing()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var (first, second) = await built.FillAsync();
        await built.ExpireAsync(first);
        var report = await Run(built.Repository, readData: true);
        Assert.False(report.HasDamage);
        Assert.Equal(1, report.Backups);

        var objects = await StoreCopy.ReadAsync(built.Store);
        var stone = objects.Single(pair => pair.Key.EndsWith("/tombstone", StringComparison.Ordinal));
        var forged = stone.Key.Replace(first.Id, second.Id, StringComparison.Ordinal);
        await built.Store.ReplaceAsync(forged, stone.Value);
        var (listed, damage) = await BackupCatalog.ListAsync(built.Cluster, default);
        Assert.Equal([second.Id], listed.Select(backup => backup.Id));
        Assert.Equal(DamageKind.Swapped, Assert.Single(damage).Kind);
        var found = Assert.Single((await Run(built.Repository, readData: false)).Findings, finding => finding.Severity == FindingSeverity.Damage);
        Assert.Equal(forged, found.Object);
    }

    [Fact]
    public async Task A_bad_page_is_judged_by_its_lsn_and_by_what_the_backup_recorded()
    {
        var built = await RepositoryBuilder.CreateAsync();
        foreach (var number in new[] { 0x20, 0x21, 0x22 })
        {
            await built.SegmentAsync(number);
        }

        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["base/5/1"] = [.. Page(0, "0/1000000"), .. Broken(Page(1, "0/1000000"))],
            ["base/5/2"] = Broken(Page(0, "0/2000080")),
            ["base/5/3"] = Broken(Page(0, "7/0")),
            ["base/5/4"] = Broken(Page(0, "0/1000000")),
            ["base/5/5_fsm"] = Broken(Page(0, "0/0")),
            ["base/5/6.1"] = Page(131072, "0/1000000"),
            ["PG_VERSION"] = Broken(Page(0, "0/1000000")),
        };
        var backup = await built.BackupAsync(files, "0/2000028", "0/2000100", new BackupChanges
        {
            Checksums = true,
            DamagedPages = ["base/5/4: block 0"],
        });
        await built.BackupAsync(files, "0/2100028", "0/2100100", new BackupChanges { Checksums = false });
        var report = await Run(built.Repository, readData: true);
        var damage = report.Findings.Where(finding => finding.Severity == FindingSeverity.Damage).ToList();
        Assert.Collection(
            damage,
            finding => Assert.StartsWith("base/5/1: block 1:", finding.Detail, StringComparison.Ordinal),
            finding => Assert.StartsWith("base/5/3: block 0:", finding.Detail, StringComparison.Ordinal));
        Assert.All(damage, finding => Assert.Equal([backup.Id], finding.HurtBackups));
        var warnings = report.Findings.Where(finding => finding.Severity == FindingSeverity.Warning).ToList();
        Assert.Collection(
            warnings,
            finding => Assert.Contains("base/5/4", finding.Detail, StringComparison.Ordinal),
            finding => Assert.Contains("base/5/5_fsm", finding.Detail, StringComparison.Ordinal));
        Assert.Equal(4, report.Findings.Count);
    }

    [Fact]
    public async Task A_store_that_fails_ends_the_check_and_is_never_called_damage()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.FillAsync();
        var counting = new FaultyStore(built.Store);
        await Run(await Open(counting, built), readData: true);
        var operations = counting.Count;
        Assert.True(operations > 30);
        for (var at = 1; at <= operations; at++)
        {
            var faulty = new FaultyStore(built.Store, new StoreFault(at, ForGood: true));
            var failure = await Assert.ThrowsAnyAsync<LifeboatException>(
                async () => await Run(await Open(faulty, built), readData: true));
            Assert.True(failure.Code == ErrorCode.StoreUnavailable, $"operation {at}: {failure.Message}");
        }
    }

    private static ValueTask<RepositoryRoot> Open(IObjectStore store, RepositoryBuilder built) =>
        RepositoryRoot.OpenAsync(store, built.Secret, TimeProvider.System, default);

    private static async Task<CheckReport> Run(RepositoryRoot repository, bool readData) =>
        await RepositoryCheck.RunAsync(
            repository, new CheckOptions { ReadData = readData, Jobs = 2 }, progress: null, default);

    /// <summary>An empty heap page with its checksum.</summary>
    private static byte[] Page(uint block, string lsn)
    {
        var page = new byte[8192];
        var position = Lsn.Parse(lsn).Value;
        BitConverter.TryWriteBytes(page, (uint)(position >> 32));
        BitConverter.TryWriteBytes(page.AsSpan(4), (uint)position);
        BitConverter.TryWriteBytes(page.AsSpan(12), (ushort)24);
        BitConverter.TryWriteBytes(page.AsSpan(14), (ushort)8192);
        BitConverter.TryWriteBytes(page.AsSpan(16), (ushort)8192);
        BitConverter.TryWriteBytes(page.AsSpan(18), (ushort)0x2004);
        BitConverter.TryWriteBytes(page.AsSpan(8), PageChecksum.Compute(page, block));
        return page;
    }

    private static byte[] Broken(byte[] page)
    {
        page[5000] ^= 0x40;
        return page;
    }
}
