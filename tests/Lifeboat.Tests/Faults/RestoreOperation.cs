using Lifeboat.Engine.Restore;
using Lifeboat.Engine.Targets;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Backups;
using Xunit;

namespace Lifeboat.Tests.Faults;

/// <summary><c>lifeboat restore</c> into a directory that is not there yet, with a tablespace beside it.</summary>
internal class RestoreOperation(FaultWorld world) : FaultedOperation(world)
{
    protected DirectoryImage Image { get; private set; } = new();

    protected bool IsPromised { get; set; }

    protected string Directory => World.Target("data");

    protected string Tablespace => World.Target("space");

    internal override async Task PrepareAsync()
    {
        await World.InitAsync(FaultedWays.Clean, default);
        Image = DirectoryImage.OfSource(World);
        var (start, stop) = BackupOperation.Points(0);
        await World.WithClusterAsync(
            FaultedWays.Clean,
            cluster => BackupOperation.BackUpAsync(World, cluster, PosixFileSystem.Instance, start, stop, default),
            default);
    }

    internal override async Task RunAsync(FaultedWays ways, CancellationToken cancellationToken)
    {
        if (!IsPromised)
        {
            await RestoreAsync(World, ways, "data", "space", backup: null, cancellationToken);
            IsPromised = true;
        }
    }

    internal override Task JudgeAsync(bool succeeded, string message)
    {
        Assert.True(!succeeded || IsPromised, message);
        if (IsPromised || CanStart())
        {
            Image.Judge(Directory, Tablespace, message, mayBeMarked: !IsPromised);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// All was done when its last step could not be reported; then the place is a cluster's, and is kept.
    /// </summary>
    internal override bool MayRefuseAgain(LifeboatException failure) =>
        failure.Code == ErrorCode.TargetNotEmpty && CanStart();

    /// <summary>Restores a backup to a new place and compares.</summary>
    internal static async Task JudgeRestorableAsync(
        FaultWorld world, BackupManifest backup, DirectoryImage image, string message)
    {
        var name = Guid.NewGuid().ToString("N");
        var failure = await FaultAttempt.RunAsync(
            message,
            token => RestoreAsync(world, FaultedWays.Clean, name, $"{name}-space", backup.Id, token));
        Assert.True(failure is null, $"{message}: {backup.Id} is listed and does not restore: {failure}");
        image.Judge(world.Target(name), world.Target($"{name}-space"), message);
    }

    internal static Task<RestoreReport> RestoreAsync(
        FaultWorld world,
        FaultedWays ways,
        string name,
        string space,
        string? backup,
        CancellationToken cancellationToken,
        bool delta = false) => world.WithClusterAsync(
        ways,
        async cluster =>
        {
            var request = new RestoreRequest
            {
                Cluster = cluster,
                Directory = world.Target(name),
                Backup = backup,
                Delta = delta,
                Target = RecoveryTarget.Latest,
                TablespaceMap = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    [$"{SourceDirectory.TablespaceOid}"] = world.Target(space),
                },
                Jobs = 1,
                RestoreCommand = "lifeboat wal fetch %f \"%p\"",
            };
            var plan = await ClusterRestore.PlanAsync(request, ways.Files, cancellationToken);
            return await ClusterRestore.RunAsync(plan, ways.Files, new QuietActivity(), cancellationToken);
        },
        cancellationToken);

    protected bool CanStart() => PosixFileSystem.Instance.Stat($"{Directory}/global/pg_control") is not null;
}
