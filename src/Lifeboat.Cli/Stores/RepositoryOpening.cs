using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Options;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Storage;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Storage.Local;
using Lifeboat.Storage.Retry;
using Lifeboat.Storage.Throttle;

namespace Lifeboat.Cli.Stores;

/// <summary>Opens what the global settings name.</summary>
internal static class RepositoryOpening
{
    public static async Task<RepositoryRoot> OpenRepositoryAsync(
        this CommandContext context, CancellationToken cancellationToken)
    {
        var place = RepositoryPlace.Of(context.Settings);
        var secret = SecretSource.Read(context.Settings, context.Files);
        var repository = await RepositoryRoot.OpenAsync(
            context.StoresOf(place), secret, context.Time, cancellationToken);
        if (repository.Terms is not null && repository.Store.Locks is null)
        {
            context.Terminal.Warn(
                $"{repository.Store.Location} is a copy of a repository whose objects are locked; here nothing locks them");
        }

        return repository;
    }

    /// <summary>The store of a place at which a repository should be; nothing is asked of a bucket yet.</summary>
    public static RepositoryStores StoresOf(this CommandContext context, RepositoryPlace place)
    {
        var limit = context.Settings.Bytes(GlobalSettings.Bandwidth) is { } bytes ? new Bandwidth(bytes, context.Time) : null;
        if (place.Directory is { } directory)
        {
            return RepositoryStores.Of(Used(LocalObjectStore.Open(context.Files, directory)));
        }

        var bucket = S3ObjectStore.Open(place.Bucket!, context.Files, context.Time, context.Repeating());
        return RepositoryStores.Of(bucket.WithVersions(), bucket, context.Time, Used) with
        {
            Warn = context.Terminal.Warn,
        };

        IObjectStore Used(IObjectStore store) =>
            context.Retrying(limit is null ? store : new ThrottledStore(store, limit));
    }

    /// <summary>The cluster, which must exist.</summary>
    public static async Task<Cluster> OpenClusterAsync(
        this CommandContext context, CancellationToken cancellationToken)
    {
        var repository = await context.OpenRepositoryAsync(cancellationToken);
        return await Cluster.OpenAsync(repository, context.ClusterName(), cancellationToken);
    }

    /// <summary>The cluster; the first one of a repository is made when a server begins to use it.</summary>
    public static async Task<Cluster> OpenOrCreateClusterAsync(
        this CommandContext context, CancellationToken cancellationToken)
    {
        var repository = await context.OpenRepositoryAsync(cancellationToken);
        return await Cluster.OpenOrCreateFirstAsync(repository, context.ClusterName(), cancellationToken);
    }

    public static string ClusterName(this CommandContext context) =>
        context.Settings.Text(GlobalSettings.Cluster)!;

    public static RetryingStore Retrying(this CommandContext context, IObjectStore store) =>
        new(store, context.Repeating());

    private static Repetition Repeating(this CommandContext context) => new(
        RetryPolicy.Default,
        context.Time,
        new Random(),
        retried => context.Terminal.Warn($"{retried.Failure}; attempt {retried.Attempt} failed, trying again"));

    /// <summary>Whether a repository is in the store; whether its secret is at hand does not matter.</summary>
    public static async Task<bool> ExistsAsync(
        RepositoryStores stores, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await RepositoryRoot.OpenAsync(stores, secret: null, time, cancellationToken);
            return true;
        }
        catch (Platform.Errors.LifeboatException failure) when (failure.Code is Platform.Errors.ErrorCode.NotFound)
        {
            return false;
        }
        catch (Platform.Errors.LifeboatException failure) when (failure.Code is Platform.Errors.ErrorCode.WrongKey)
        {
            return true;
        }
    }
}
