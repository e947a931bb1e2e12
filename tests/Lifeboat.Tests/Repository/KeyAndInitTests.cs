using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;
using Lifeboat.Storage.Local;
using Lifeboat.Storage.Memory;
using Lifeboat.Testing.Files;
using Xunit;

namespace Lifeboat.Tests.Repository;

public sealed class KeyAndInitTests
{
    [Fact]
    public async Task A_wrong_secret_and_a_damaged_key_are_different_errors()
    {
        var built = await RepositoryBuilder.CreateAsync(encrypted: true);
        Assert.Equal(ErrorCode.WrongKey, await OpenAsync(built.Store, new KeyFileSecret([.. Enumerable.Repeat((byte)1, 32)])));
        Assert.Equal(ErrorCode.WrongKey, await OpenAsync(built.Store, new PassphraseSecret("x")));
        Assert.Equal(ErrorCode.WrongKey, await OpenAsync(built.Store, secret: null));
        Assert.Null(await OpenAsync(built.Store, RepositoryBuilder.KeyFile));

        var key = (await StoreCopy.ReadAsync(built.Store)).Single(pair => pair.Key.StartsWith("keys/", StringComparison.Ordinal));
        key.Value[200] ^= 1;
        await built.Store.ReplaceAsync(key.Key, key.Value);
        Assert.Equal(ErrorCode.Damaged, await OpenAsync(built.Store, RepositoryBuilder.KeyFile));
        await built.Store.DeleteAsync(new ObjectName(key.Key), default);
        Assert.Equal(ErrorCode.Damaged, await OpenAsync(built.Store, RepositoryBuilder.KeyFile));
    }

    [Fact]
    public async Task A_key_is_a_demand_for_encryption()
    {
        var built = await RepositoryBuilder.CreateAsync();
        Assert.Null(await OpenAsync(built.Store, secret: null));
        Assert.Equal(ErrorCode.Mismatch, await OpenAsync(built.Store, RepositoryBuilder.KeyFile));
        var init = await Assert.ThrowsAsync<LifeboatException>(
            async () => await RepositoryRoot.InitAsync(built.Store, RepositoryBuilder.KeyFile, TimeProvider.System, default));
        Assert.Equal(ErrorCode.Mismatch, init.Code);
    }

    [Fact]
    public async Task A_repository_that_lost_its_record_is_not_made_anew_above_its_clusters()
    {
        var built = await RepositoryBuilder.CreateAsync();
        await built.Store.DeleteAsync(new ObjectName("lifeboat-repository"), default);
        var before = (await StoreCopy.ReadAsync(built.Store)).Count;
        var init = await Assert.ThrowsAsync<LifeboatException>(
            async () => await RepositoryRoot.InitAsync(built.Store, secret: null, TimeProvider.System, default));
        Assert.Equal(ErrorCode.Damaged, init.Code);
        Assert.Equal(ErrorCode.Damaged, await OpenAsync(built.Store, secret: null));
        Assert.Equal(before, (await StoreCopy.ReadAsync(built.Store)).Count);
    }

    [Fact]
    public async Task Keys_of_another_init_and_damaged_ones_do_not_hide_the_right_one()
    {
        var built = await RepositoryBuilder.CreateAsync(encrypted: true);
        await MasterKeys.AddAsync(
            built.Store, Id128.NewRandom(), MasterKeys.New(), RepositoryBuilder.KeyFile, DateTimeOffset.UnixEpoch, default);
        await built.Store.ReplaceAsync("keys/" + new string('0', 32), [1, 2, 3]);
        Assert.Null(await OpenAsync(built.Store, RepositoryBuilder.KeyFile));
        Assert.Equal(ErrorCode.Damaged, await OpenAsync(built.Store, new KeyFileSecret([.. Enumerable.Repeat((byte)1, 32)])));
    }

    [Fact]
    public void A_wrapped_key_opens_with_its_own_secret_and_repository_only()
    {
        var repository = Id128.NewRandom();
        var master = MasterKeys.New();
        foreach (var secret in new[] { RepositoryBuilder.KeyFile, new PassphraseSecret("pass") })
        {
            var record = KeyRecord.Wrap(repository, master, secret);
            Assert.Equal(master, record.Unwrap(secret));
            Assert.Null((record with { Repository = Id128.NewRandom() }).Unwrap(secret));
            Assert.Throws<DecodingException>(() => (record with { Iterations = -1 }).Unwrap(secret));
            Assert.Throws<DecodingException>(() => (record with { Iterations = int.MaxValue }).Unwrap(secret));
            Assert.Throws<DecodingException>(() => (record with { Wrapped = record.Wrapped[1..] }).Unwrap(secret));
            Assert.DoesNotContain("pass", secret.ToString().Replace("passphrase", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Of_several_inits_at_once_one_makes_the_repository_and_all_get_it(bool encrypted, bool local)
    {
        using var scratch = new ScratchDirectory();
        using var directory = local ? LocalObjectStore.Create(PosixFileSystem.Instance, scratch.Combine("r")) : null;
        IObjectStore store = directory is null ? new MemoryObjectStore(TimeProvider.System) : directory;
        var secret = encrypted ? RepositoryBuilder.KeyFile : null;
        var made = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            var (repository, created) = await RepositoryRoot.InitAsync(store, secret, TimeProvider.System, default);
            var (cluster, first) = await Cluster.CreateAsync(repository, "main", default);
            return (repository.Id, Cluster: cluster.Id, cluster.FirstLineage, Created: created ? 1 : 0, First: first ? 1 : 0);
        })));
        Assert.Single(made.Select(one => (one.Id, one.Cluster, one.FirstLineage)).Distinct());
        Assert.Equal(1, made.Sum(one => one.Created));
        Assert.Equal(1, made.Sum(one => one.First));
    }

    [Fact]
    public async Task Of_two_servers_that_take_over_at_once_only_the_holder_is_told_that_it_holds()
    {
        var cluster = (await RepositoryBuilder.CreateAsync()).Cluster;
        ClaimRecord Of(string host) => new(cluster.FirstLineage, Timeline.First, host, "/odd \\ \uDCFF path", 1);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(async () =>
        {
            var failure = await Record.ExceptionAsync(async () => await Claims.TakeOverAsync(cluster, Of($"h{number}"), default));
            Assert.True(failure is null or LifeboatException { Code: ErrorCode.Conflict }, failure?.ToString());
            return failure is null;
        })));
        Assert.Contains(true, outcomes);
        var holder = await Claims.HolderAsync(cluster, cluster.FirstLineage, Timeline.First, default);
        Assert.Equal("/odd \\ \uDCFF path", holder!.Directory);
        Assert.True(outcomes[int.Parse(holder.Host.AsSpan(1))]);
    }

    [Fact]
    public async Task An_encrypted_init_over_an_open_repository_is_refused()
    {
        var built = await RepositoryBuilder.CreateAsync();
        var failure = await Assert.ThrowsAsync<LifeboatException>(async () =>
            await RepositoryRoot.InitAsync(built.Store, RepositoryBuilder.KeyFile, TimeProvider.System, default));
        Assert.Equal(ErrorCode.Mismatch, failure.Code);
    }

    private static async Task<ErrorCode?> OpenAsync(IObjectStore store, RepositorySecret? secret)
    {
        try
        {
            await RepositoryRoot.OpenAsync(store, secret, TimeProvider.System, default);
            return null;
        }
        catch (LifeboatException failure)
        {
            return failure.Code;
        }
    }
}
