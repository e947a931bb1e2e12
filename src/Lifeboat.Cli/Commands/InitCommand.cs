using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;
using Lifeboat.Repository.Retention;
using Lifeboat.Storage;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Storage.Local;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Cli.Commands;

internal static class InitCommand
{
    private static readonly Setting LockDuration = new(
        "lock", "DURATION", "Lock everything that is stored for at least so long (30d), in a bucket with object lock");

    private static readonly Setting LockMode = new(
        "lock-mode", "MODE", "With --lock: who may end a lock before its time: who has the right to bypass governance, or "
            + "nobody at all (compliance), which no mistake can undo either", Default: "governance")
    {
        Choices = ["governance", "compliance"],
    };

    public static readonly CommandSpec Spec = new(
        "init",
        "Make a repository, and a cluster in it when --cluster is given",
        [],
        [LockDuration, LockMode],
        [
            new("lifeboat init --repository /backup/lifeboat", "Make a repository that is not encrypted"),
            new(
                "lifeboat init --repository /backup/lifeboat --key-file /etc/lifeboat/key --cluster main",
                "Make an encrypted one, its key and the cluster main"),
            new("lifeboat init --repository s3://backups/main?region=eu-central-1", "Make one in a bucket"),
            new("lifeboat init --lock 30d --repository s3://locked/main?region=eu-central-1",
                "Make one in which nothing that is needed can be deleted or overwritten within 30 days"),
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
        var terms = Terms(context, place);
        var (secret, keyMade) = await SecretAsync(context, place, terms, cancellationToken);
        if (keyMade is not null)
        {
            context.Terminal.Warn(
                $"KEEP A COPY OF {PosixPath.Display(keyMade)} ON ANOTHER MACHINE. Without it nobody can read this "
                + "repository, and nobody can make it again.");
        }

        var (repository, created) = await RepositoryRoot.InitAsync(
            await CreateAsync(context, place, terms, cancellationToken), secret, terms, context.Time, cancellationToken);
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
            cluster is null ? null : clusterCreated,
            LockDocument.Of(repository)));
        return ExitCodes.Done;
    }

    /// <summary>The secret, and the key file that was made for it now.</summary>
    private static async Task<(RepositorySecret? Secret, string? KeyMade)> SecretAsync(
        CommandContext context, RepositoryPlace place, LockTerms? terms, CancellationToken cancellationToken)
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
        await CreateAsync(context, place, terms, cancellationToken);
        KeyFileMaker.Create(context.Files, keyFile);
        return (SecretSource.Read(context.Settings, context.Files), keyFile);
    }

    /// <summary>A directory is made; a bucket has to be there, and what it can do is tried.</summary>
    private static async Task<RepositoryStores> CreateAsync(
        CommandContext context, RepositoryPlace place, LockTerms? terms, CancellationToken cancellationToken)
    {
        if (place.Directory is { } directory)
        {
            LocalObjectStore.Create(context.Files, directory).Dispose();
            return context.StoresOf(place);
        }

        using var store = S3ObjectStore.Open(place.Bucket!, context.Files, context.Time);
        foreach (var warning in await S3Probe.RunAsync(store, Id128.NewRandom().ToString(), cancellationToken))
        {
            context.Terminal.Warn(warning);
        }

        if (terms is not null)
        {
            using var versions = S3ObjectStore.OpenVersions(place.Bucket!, context.Files, context.Time);
            await S3LockProbe.RunAsync(
                versions, terms.Mode, new ObjectName($"canaries/{Id128.NewRandom()}"), context.Time, cancellationToken);
        }

        return context.StoresOf(place);
    }

    /// <summary>Null when nothing is to be locked.</summary>
    private static LockTerms? Terms(CommandContext context, RepositoryPlace place)
    {
        if (context.Settings.Find(LockDuration) is not { } value)
        {
            return context.Settings.IsGiven(LockMode)
                ? throw UsageError.Of("read the options", LockMode.Option, "it needs --lock", "Give --lock 30d, say, or leave it away.")
                : null;
        }

        if (place.Directory is not null)
        {
            throw SettingReading.Wrong(
                value, "a directory locks nothing", "Give a bucket with object lock as --repository, or leave --lock away.");
        }

        var mode = context.Settings.Choice(LockMode) == "compliance"
            ? Lifeboat.Storage.Locks.LockMode.Compliance
            : Lifeboat.Storage.Locks.LockMode.Governance;
        return RetentionAge.TryParse(value.Text, out var duration)
            && duration >= LockTerms.Shortest && duration <= LockTerms.Longest
                ? new LockTerms(mode, duration)
                : throw SettingReading.Wrong(
                    value, "it is no duration from 4s to 3660d", $"Please {RetentionAge.Form}.");
    }

    private static async Task<bool> RepositoryExistsAsync(
        CommandContext context, RepositoryPlace place, CancellationToken cancellationToken)
    {
        if (place.Directory is not { } directory)
        {
            return await RepositoryOpening.ExistsAsync(context.StoresOf(place), context.Time, cancellationToken);
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
            return await RepositoryOpening.ExistsAsync(RepositoryStores.Of(store), context.Time, cancellationToken);
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
        if (done.Lock is { } locks)
        {
            output.WriteLine(
                $"Everything needed is locked for at least {locks.Duration} at any time, in mode {locks.Mode}. Run 'lifeboat lock "
                + "renew' by the clock, well within each quarter of that.");
        }

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
