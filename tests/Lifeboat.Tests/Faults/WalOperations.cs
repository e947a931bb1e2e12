using Lifeboat.Engine.Wal;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.WalArchive;
using Xunit;

namespace Lifeboat.Tests.Faults;

/// <summary><c>lifeboat wal push</c> of three segments, each by a process of its own.</summary>
internal sealed class PushOperation(FaultWorld world) : FaultedOperation(world)
{
    private const int Segments = 3;

    private readonly HashSet<string> _promised = new(StringComparer.Ordinal);

    internal override Task PrepareAsync() => World.InitAsync(FaultedWays.Clean, default);

    internal override async Task RunAsync(FaultedWays ways, CancellationToken cancellationToken)
    {
        foreach (var (name, _) in SourceDirectory.Wal.Take(Segments))
        {
            await PushAsync(World, ways, name, cancellationToken);
            _promised.Add(name);
        }
    }

    internal override async Task JudgeAsync(bool succeeded, string message)
    {
        Assert.True(!succeeded || _promised.Count == Segments, message);
        foreach (var (name, content) in SourceDirectory.Wal.Where(file => _promised.Contains(file.Name)))
        {
            var failure = await FaultAttempt.RunAsync(
                $"{message}: {name}",
                token => World.WithClusterAsync(
                    FaultedWays.Clean,
                    async cluster =>
                    {
                        var found = await WalStore.FindAsync(cluster, cluster.FirstLineage, name, token);
                        Assert.True(found.Count == 1, $"{message}: {found.Count} objects are {name}");
                        var (stored, _) = await WalStore.ReadAsync(cluster, found[0], token);
                        Assert.True(content.AsSpan().SequenceEqual(stored), $"{message}: {name} has other bytes");
                        return true;
                    },
                    token));
            Assert.True(failure is null, $"{message}: {name} was promised: {failure}");
        }
    }

    internal static Task PushAsync(
        FaultWorld world, FaultedWays ways, string name, CancellationToken cancellationToken) =>
        world.WithClusterAsync(
            ways,
            async cluster => await WalPush.RunAsync(
                new WalPushRequest
                {
                    Cluster = cluster,
                    Path = $"{world.Data}/pg_wal/{name}",
                    ClusterDirectory = world.Data,
                    Files = ways.Files,
                },
                cancellationToken),
            cancellationToken);
}

/// <summary><c>lifeboat wal fetch</c> of a segment that is there and of one that is not.</summary>
internal sealed class FetchOperation(FaultWorld world) : FaultedOperation(world)
{
    private bool _promised;

    // Under the names with which a recovery asks, a loss of power may take it: recovery asks again.
    private string Destination => $"{World.Target("fetching")}/000000010000000000000005";

    private static (string Name, byte[] Content) Stored => SourceDirectory.Wal[0];

    internal override async Task PrepareAsync()
    {
        await World.InitAsync(FaultedWays.Clean, default);
        await PushOperation.PushAsync(World, FaultedWays.Clean, Stored.Name, default);
        PosixFileSystem.Instance.CreateDirectory(World.Target("fetching"));
    }

    internal override async Task RunAsync(FaultedWays ways, CancellationToken cancellationToken)
    {
        Assert.Equal(WalFetchResult.Absent, await FetchAsync(ways, SourceDirectory.Wal[^1].Name, cancellationToken));
        Assert.Equal(WalFetchResult.Delivered, await FetchAsync(ways, Stored.Name, cancellationToken));
        _promised = true;
    }

    internal override Task JudgeAsync(bool succeeded, string message)
    {
        Assert.True(!succeeded || _promised, message);
        var files = PosixFileSystem.Instance;
        if (!_promised && files.Stat(Destination) is null)
        {
            return Task.CompletedTask;
        }

        using var file = files.OpenRead(Destination);
        var content = new byte[file.Status().Size];
        file.Read(content, 0);
        Assert.True(Stored.Content.AsSpan().SequenceEqual(content), $"{message}: a part of a segment was delivered");
        return Task.CompletedTask;
    }

    private Task<WalFetchResult> FetchAsync(FaultedWays ways, string name, CancellationToken cancellationToken) =>
        World.WithClusterAsync(
            ways,
            async cluster => (await WalFetch.RunAsync(
                new WalFetchRequest
                {
                    Cluster = cluster,
                    Name = name,
                    Destination = Destination,
                    ClusterDirectory = World.Data,
                    Files = ways.Files,
                    RetryFor = TimeSpan.Zero,
                },
                cancellationToken)).Result,
            cancellationToken);
}
