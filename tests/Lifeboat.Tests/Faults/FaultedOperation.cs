using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;
using Xunit;

namespace Lifeboat.Tests.Faults;

/// <summary>
/// Something a user does, in a world of its own, that can be broken off anywhere and is judged by what it left.
/// </summary>
internal abstract class FaultedOperation(FaultWorld world) : IDisposable
{
    internal static IReadOnlyDictionary<string, Func<FaultedOperation>> All { get; } =
        new Dictionary<string, Func<FaultedOperation>>(StringComparer.Ordinal)
        {
            ["init"] = () => new InitOperation(new FaultWorld()),
            ["backup"] = () => new BackupOperation(new FaultWorld()),
            ["incremental"] = () => new BackupOperation(new FaultWorld(), BackupKind.Incremental),
            ["push"] = () => new PushOperation(new FaultWorld()),
            ["fetch"] = () => new FetchOperation(new FaultWorld()),
            ["restore"] = () => new RestoreOperation(new FaultWorld()),
            ["delta"] = () => new DeltaRestoreOperation(new FaultWorld()),
        };

    internal FaultWorld World => world;

    /// <summary>What has to be there before, made without faults.</summary>
    internal virtual Task PrepareAsync() => Task.CompletedTask;

    /// <summary>Does it; what it reports as done while it runs is remembered as promised.</summary>
    internal abstract Task RunAsync(FaultedWays ways, CancellationToken cancellationToken);

    /// <summary>Holds what is there now against what was promised.</summary>
    internal abstract Task JudgeAsync(bool succeeded, string message);

    /// <summary>
    /// Whether the next run may fail: what was asked for is there already, though that was never reported.
    /// </summary>
    internal virtual bool MayRefuseAgain(LifeboatException failure) => false;

    public void Dispose() => World.Dispose();
}

/// <summary><c>lifeboat init</c>.</summary>
internal sealed class InitOperation(FaultWorld world) : FaultedOperation(world)
{
    private (string Repository, string Cluster, string Lineage)? _promised;

    internal override async Task RunAsync(FaultedWays ways, CancellationToken cancellationToken)
    {
        var (repository, cluster) = await World.InitAsync(ways, cancellationToken);
        var made = (repository.Id.ToString(), cluster.Id.ToString(), cluster.FirstLineage.ToString());
        Assert.True(_promised is null || _promised == made, "a second init made another repository");
        _promised = made;
    }

    internal override async Task JudgeAsync(bool succeeded, string message)
    {
        if (_promised is not { } promised)
        {
            return;
        }

        var failure = await FaultAttempt.RunAsync(message, token => World.WithClusterAsync(
            FaultedWays.Clean,
            cluster =>
            {
                Assert.Equal(
                    promised,
                    (cluster.Repository.Id.ToString(), cluster.Id.ToString(), cluster.FirstLineage.ToString()));
                return Task.FromResult(true);
            },
            token));
        Assert.True(failure is null, $"{message}: what was made does not open: {failure}");
    }
}
