using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Frames;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Keys;
using Lifeboat.Repository.Packs;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>
/// A repository that another program wrote from the specification (tests/fixtures/repository/make-v0.py): it holds
/// derivations, layout and ids to what is written there, and must be read for as long as v0 is.
/// </summary>
public sealed class GoldenRepositoryTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_repository_made_from_the_specification_alone_is_read(bool passphrase)
    {
        RepositorySecret secret = passphrase
            ? new PassphraseSecret("correct horse")
            : new KeyFileSecret([.. Enumerable.Range(0, 32).Select(value => (byte)value)]);
        var repository = await RepositoryRoot.OpenAsync(await LoadAsync(), secret, TimeProvider.System, default);
        Assert.Equal("000102030405060708090a0b0c0d0e0f", repository.Id.ToString());
        Assert.Equal(["golden"], await repository.ListClustersAsync(default));
        var cluster = await Cluster.OpenAsync(repository, "golden", default);
        Assert.Equal("202122232425262728292a2b2c2d2e2f", cluster.FirstLineage.ToString());

        var index = await FrameIndex.LoadAsync(cluster, default);
        Assert.Empty(index.Damage);
        var pack = Assert.Single(index.Unlisted);
        var frame = Assert.Single(pack.Frames);
        using var source = new FrameSource(cluster);
        var plain = new byte[1 << 20];
        var length = await source.ReadAsync((await index.FindAsync(new FrameReference(frame.Id), default))!, plain, default);
        Assert.Equal(8192 + 4 + 8192, length);
        Assert.Equal("tail"u8.ToArray(), plain[8192..8196]);
        Assert.NotNull(await index.FindExtentAsync(frame.Slots[0].Id, default));
        Assert.Null(await index.FindExtentAsync(frame.Slots[1].Id, default));

        var report = await RepositoryCheck.RunAsync(
            repository, new CheckOptions { ReadData = true }, progress: null, default);
        Assert.All(report.Findings, finding => Assert.Equal(FindingSeverity.Information, finding.Severity));
    }

    [Fact]
    public async Task It_opens_with_no_other_secret()
    {
        var store = await LoadAsync();
        RepositorySecret?[] secrets = [null, new PassphraseSecret("correct horses"), new KeyFileSecret(new byte[32])];
        foreach (var secret in secrets)
        {
            var failure = await Assert.ThrowsAsync<LifeboatException>(
                async () => await RepositoryRoot.OpenAsync(store, secret, TimeProvider.System, default));
            Assert.Equal(ErrorCode.WrongKey, failure.Code);
        }
    }

    internal static async Task<MemoryObjectStore> LoadAsync(string repository = "v0")
    {
        var root = Path.Combine(AppContext.BaseDirectory, "fixtures", "repository", repository);
        var store = new MemoryObjectStore(TimeProvider.System);
        foreach (var file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(root, file);
            await store.PutAsync(new ObjectName(name), await File.ReadAllBytesAsync(file), PutCondition.IfAbsent, default);
        }

        return store;
    }
}
