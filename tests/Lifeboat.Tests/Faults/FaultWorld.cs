using Lifeboat.Engine.Activity;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;
using Lifeboat.Storage.Local;
using Lifeboat.Testing.Files;
using Xunit;

namespace Lifeboat.Tests.Faults;

/// <summary>How an operation reaches the outside: through what fails, or through what does not.</summary>
/// <param name="Files">For the server's files and below the repository.</param>
/// <param name="Wrap">Puts a store that fails before the one at hand.</param>
internal sealed record FaultedWays(IFileSystem Files, Func<IObjectStore, IObjectStore> Wrap)
{
    internal static FaultedWays Clean { get; } = new(PosixFileSystem.Instance, store => store);

    internal static FaultedWays Through(IFileSystem files) => new(files, store => store);
}

/// <summary>One machine with a server's directory, a repository, and a place to restore to.</summary>
internal sealed class FaultWorld : IDisposable
{
    internal const string ClusterName = "main";

    private readonly ScratchDirectory _scratch = ScratchDirectory.InMemory();

    internal FaultWorld()
    {
        PosixFileSystem.Instance.CreateDirectory(_scratch.Combine("host"));
        PosixFileSystem.Instance.CreateDirectory(Disk);
        PosixFileSystem.Instance.CreateDirectory(Target(""));
        SourceDirectory.Create(Data, Space);
    }

    internal static RepositorySecret Secret { get; } = new KeyFileSecret(new byte[32]);

    /// <summary>
    /// What the power takes; the server's own directory is on another disk, where Lifeboat only reads.
    /// </summary>
    internal string Disk => _scratch.Combine("disk");

    internal string Data => _scratch.Combine("host/data");

    internal string Space => _scratch.Combine("host/space");

    internal string RepositoryPath => _scratch.Combine("disk/repository");

    internal string Target(string name) => PosixPath.Combine(_scratch.Combine("disk/target"), name);

    /// <summary>Makes the repository and its cluster, as <c>lifeboat init</c> does.</summary>
    internal async Task<(RepositoryRoot Repository, Cluster Cluster)> InitAsync(
        FaultedWays ways, CancellationToken cancellationToken)
    {
        using var store = LocalObjectStore.Create(ways.Files, RepositoryPath);
        var (repository, _) = await RepositoryRoot.InitAsync(
            ways.Wrap(store), Secret, TimeProvider.System, cancellationToken);
        var (cluster, _) = await Cluster.CreateAsync(repository, ClusterName, cancellationToken);
        return (repository, cluster);
    }

    /// <summary>Opens the cluster and lends it.</summary>
    internal async Task<T> WithClusterAsync<T>(
        FaultedWays ways, Func<Cluster, Task<T>> use, CancellationToken cancellationToken)
    {
        using var store = LocalObjectStore.Open(ways.Files, RepositoryPath);
        var repository = await RepositoryRoot.OpenAsync(
            ways.Wrap(store), Secret, TimeProvider.System, cancellationToken);
        return await use(await Cluster.OpenAsync(repository, ClusterName, cancellationToken));
    }

    /// <summary>What <c>lifeboat check --read-data</c> says: leftovers are allowed, and nothing else.</summary>
    internal async Task CheckAsync(string message)
    {
        using var store = LocalObjectStore.Open(PosixFileSystem.Instance, RepositoryPath);
        var repository = await RepositoryRoot.OpenAsync(store, Secret, TimeProvider.System, default);
        var report = await RepositoryCheck.RunAsync(
            repository, new CheckOptions { ReadData = true }, progress: null, default);
        Assert.True(
            report.Findings.All(finding => finding.Severity == FindingSeverity.Information || IsLeftOverKey(finding)),
            $"{message}: {string.Join("; ", report.Findings)}");
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>
    /// A key is put before its repository, so that an init that ends between leaves one that opens nothing.
    /// </summary>
    private static bool IsLeftOverKey(CheckFinding finding) =>
        finding.Severity == FindingSeverity.Warning && finding.Object.StartsWith("keys/", StringComparison.Ordinal);
}

/// <summary>Keeps the warnings of an operation.</summary>
internal sealed class QuietActivity : IActivity
{
    public void Say(string line)
    {
    }

    public void Warn(string line)
    {
    }

    public void Progress(string phase, long done, long total)
    {
    }
}

/// <summary>Runs what may fail, and holds it to the only way in which it may.</summary>
internal static class FaultAttempt
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    /// <summary>Null when it succeeded; the failure when it is one that a user can be told.</summary>
    internal static async Task<LifeboatException?> RunAsync(string message, Func<CancellationToken, Task> run)
    {
        using var patience = new CancellationTokenSource();
        try
        {
            await Task.Run(() => run(patience.Token)).WaitAsync(s_patience);
            return null;
        }
        catch (LifeboatException failure)
        {
            Assert.True(Enum.IsDefined(failure.Code), $"{message}: {failure}");
            Assert.True(
                failure.Failure.Cause.Length > 0 && failure.Failure.Operation.Length > 0, $"{message}: {failure}");
            return failure;
        }
        catch (TimeoutException)
        {
            await patience.CancelAsync();
            Assert.Fail($"{message}: it hangs");
            throw;
        }
        catch (Exception other)
        {
            Assert.Fail($"{message}: no LifeboatException but {other}");
            throw;
        }
    }
}
