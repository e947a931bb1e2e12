using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Storage.Local;

namespace Lifeboat.Cli.Commands;

internal static class InitCommand
{
    public static readonly CommandSpec Spec = new(
        "init",
        "Make a repository, and a cluster in it when --cluster is given",
        [],
        [],
        [
            new("lifeboat init --repository /backup/lifeboat", "Make a repository that is not encrypted"),
            new(
                "lifeboat init --repository /backup/lifeboat --key-file /etc/lifeboat/key --cluster main",
                "Make an encrypted one, its key and the cluster main"),
            new("lifeboat init --repository s3://backups/main?region=eu-central-1", "Make one in a bucket"),
        ],
        RunAsync)
    {
        Details = "What exists stays as it is, so that the command can be repeated. A key file that does not exist is "
            + $"made, for a new repository only. {GlobalSettings.PassphraseVariable} or --passphrase-file encrypts with "
            + "a passphrase instead.",
    };

    private static async Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var place = RepositoryPlace.Of(context.Settings);
        var cluster = context.Settings.IsGiven(GlobalSettings.Cluster)
            ? Repository.Clusters.ClusterName.Checked(context.ClusterName())
            : null;
        var (secret, keyMade) = await SecretAsync(context, place, cancellationToken);
        if (keyMade is not null)
        {
            context.Terminal.Warn(
                $"KEEP A COPY OF {PosixPath.Display(keyMade)} ON ANOTHER MACHINE. Without it nobody can read this "
                + "repository, and nobody can make it again.");
        }

        var store = context.Retrying(await CreateAsync(context, place, cancellationToken));
        var (repository, created) = await RepositoryRoot.InitAsync(store, secret, context.Time, cancellationToken);
        var clusterCreated = false;
        if (cluster is not null)
        {
            (_, clusterCreated) = await Cluster.CreateAsync(repository, cluster, cancellationToken);
        }

        Report(context, new InitDocument(
            repository.Store.Location,
            repository.Id.ToString(),
            created,
            repository.Encrypted,
            keyMade is null ? null : PosixPath.Display(keyMade),
            cluster,
            cluster is null ? null : clusterCreated));
        return ExitCodes.Done;
    }

    /// <summary>The secret, and the key file that was made for it now.</summary>
    private static async Task<(RepositorySecret? Secret, string? KeyMade)> SecretAsync(
        CommandContext context, RepositoryPlace place, CancellationToken cancellationToken)
    {
        var keyFile = SecretSource.KeyFilePath(context.Settings);
        if (keyFile is null || context.Files.Stat(keyFile) is not null)
        {
            return (SecretSource.Read(context.Settings, context.Files), null);
        }

        if (await RepositoryExistsAsync(context, place, cancellationToken))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.NotFound,
                "read the key file",
                PosixPath.Display(keyFile),
                "it does not exist, and a new key cannot open the repository that is already there",
                Hint: "Bring the key file back from its copy, or check --key-file and --repository."));
        }

        // The place is tried first: a key that was made for nothing would only be mistaken for a real one.
        (await CreateAsync(context, place, cancellationToken) as IDisposable)?.Dispose();
        KeyFileMaker.Create(context.Files, keyFile);
        return (SecretSource.Read(context.Settings, context.Files), keyFile);
    }

    /// <summary>A directory is made; a bucket has to be there, and what it can do is tried.</summary>
    private static async Task<IObjectStore> CreateAsync(
        CommandContext context, RepositoryPlace place, CancellationToken cancellationToken)
    {
        if (place.Directory is { } directory)
        {
            return LocalObjectStore.Create(context.Files, directory);
        }

        var store = S3ObjectStore.Open(place.Bucket!, context.Files, context.Time);
        foreach (var warning in await S3Probe.RunAsync(store, Id128.NewRandom().ToString(), cancellationToken))
        {
            context.Terminal.Warn(warning);
        }

        return store;
    }

    private static async Task<bool> RepositoryExistsAsync(
        CommandContext context, RepositoryPlace place, CancellationToken cancellationToken)
    {
        if (place.Directory is not { } directory)
        {
            using var bucket = S3ObjectStore.Open(place.Bucket!, context.Files, context.Time);
            return await RepositoryOpening.ExistsAsync(context.Retrying(bucket), context.Time, cancellationToken);
        }

        LocalObjectStore store;
        try
        {
            store = LocalObjectStore.Open(context.Files, directory);
        }
        catch (LifeboatException failure) when (failure.Code == ErrorCode.StoreUnavailable)
        {
            // No directory or no mark in it. Should it be a repository after all, making it finds that out.
            return false;
        }

        using (store)
        {
            return await RepositoryOpening.ExistsAsync(store, context.Time, cancellationToken);
        }
    }

    private static void Report(CommandContext context, InitDocument done)
    {
        if (context.Json)
        {
            Documents.Print(context.Terminal, done, CliJson.Default.InitDocument);
            return;
        }

        var output = context.Terminal.Out;
        output.WriteLine(done.Created
            ? $"Made the {(done.Encrypted ? "encrypted" : "unencrypted")} repository {done.Repository}."
            : $"The repository {done.Repository} exists already; it is left as it is.");
        if (done.KeyFileCreated is not null)
        {
            output.WriteLine($"Made the key file {done.KeyFileCreated}.");
        }

        if (done.Cluster is not null)
        {
            output.WriteLine(done.ClusterCreated == true
                ? $"Made the cluster {done.Cluster}."
                : $"The cluster {done.Cluster} exists already; it is left as it is.");
        }
    }
}
