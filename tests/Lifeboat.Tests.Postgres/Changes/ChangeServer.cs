using Lifeboat.Engine.Wal;
using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Engine.Wal.Summaries;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Lifeboat.Testing.Servers;
using Lifeboat.Testing.Stores;
using Npgsql;
using Xunit;

namespace Lifeboat.Tests.Postgres.Changes;

/// <summary>
/// A server with segments of 1 MiB and a tablespace, whose WAL goes into a folder and from there into a repository in
/// memory.
/// </summary>
internal sealed class ChangeServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly HashSet<string> _pushed = new(StringComparer.Ordinal);

    private ChangeServer(TemporaryFolder folder, PostgresServer server, Cluster cluster)
    {
        _folder = folder;
        Server = server;
        Cluster = cluster;
    }

    internal PostgresServer Server { get; }

    internal Cluster Cluster { get; }

    /// <summary>That it is on: the first, until it is promoted.</summary>
    internal Timeline Timeline { get; private set; } = Timeline.First;

    internal string Space => _folder["space"];

    private string Archive => _folder["archive"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static Task<ChangeServer> StartAsync(int major, params (string Name, string Value)[] settings) =>
        StartAsync(major, checksums: true, settings);

    internal static async Task<ChangeServer> StartAsync(
        int major, bool checksums, params (string Name, string Value)[] settings)
    {
        var folder = new TemporaryFolder();
        var archive = folder.CreateForPostgres("archive");
        folder.CreateForPostgres("space");
        var options = new PostgresOptions
        {
            WalSegmentMegabytes = 1,
            Checksums = checksums,
            ArchiveCommand = $"cp %p {archive}/.%f && mv {archive}/.%f {archive}/%f",
            Settings = new Dictionary<string, string>
            {
                ["max_prepared_transactions"] = "10",
                ["max_wal_size"] = "64MB",
                ["min_wal_size"] = "2MB",
                // What happens between two looks is the test's own doing alone.
                ["autovacuum"] = "off",
            },
        };
        foreach (var (name, value) in settings)
        {
            ((Dictionary<string, string>)options.Settings)[name] = value;
        }

        var server = await PostgresServer.StartNewAsync(major, options);
        var store = new MemoryObjectStore(TimeProvider.System);
        var (repository, _) = await RepositoryRoot.InitAsync(store, secret: null, TimeProvider.System, Token);
        var (cluster, _) = await Cluster.CreateAsync(repository, "main", Token);
        await server.ExecuteAsync($"create tablespace space location '{folder["space"]}'");
        return new ChangeServer(folder, server, cluster);
    }

    /// <summary>Each line that ends in a semicolon ends a statement; all in one session.</summary>
    internal async Task RunAsync(string script)
    {
        await using var connection = await Server.ConnectAsync();
        foreach (var statement in script.Split(
            ";\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(Token);
        }
    }

    /// <summary>So many steps by chance, with a few of pgbench's transactions between them.</summary>
    internal async Task RunStepsAsync(Random random, int count)
    {
        var steps = ChangeSteps.All.Concat(Server.Major >= 15 ? [ChangeSteps.FileCopyDatabase] : []).ToArray();
        var left = new Queue<string>();
        for (var step = 0; step < count; step++)
        {
            if (left.Count == 0)
            {
                // Every step once before one comes again.
                random.Shuffle(steps);
                left = new Queue<string>(steps);
            }

            await RunAsync(left.Dequeue() + "\n");
            if (step % 8 == 3)
            {
                await Server.PgbenchTransactionsAsync(clients: 3, transactions: 20);
            }
        }
    }

    /// <summary>Puts what the server has archived into the repository, as wal push does.</summary>
    internal async Task PushArchivedAsync()
    {
        // A segment that is being copied has a dot before its name.
        foreach (var path in Directory.EnumerateFiles(Archive, "0*").Order(StringComparer.Ordinal))
        {
            if (_pushed.Add(path))
            {
                await WalPush.RunAsync(
                    new WalPushRequest
                    {
                        Cluster = Cluster,
                        Path = path,
                        ClusterDirectory = Server.DataDirectory,
                        Files = PosixFileSystem.Instance,
                    },
                    Token);
            }
        }
    }

    /// <summary>Waits until the server has given away every segment that is full.</summary>
    internal async Task ArchiverIsIdleAsync()
    {
        var status = Path.Combine(Server.DataDirectory, "pg_wal", "archive_status");
        while (Directory.EnumerateFiles(status, "*.ready").Any())
        {
            await Task.Delay(20, Token);
        }
    }

    /// <summary>Takes a segment that the server is far beyond out of the archive and out of pg_wal.</summary>
    internal async Task ForgetAsync(WalSegmentName segment)
    {
        var found = await GoBeyondAsync(segment);
        await Cluster.Store.DeleteAsync(found.Name, Token);
    }

    /// <summary>Damages the stored content of a segment that the server is far beyond and has no more.</summary>
    internal async Task DamageAsync(WalSegmentName segment)
    {
        var found = await GoBeyondAsync(segment);
        var content = (await Cluster.Store.ReadAllAsync(found.Name, Token))!;
        for (var at = content.Length / 8; at < content.Length; at += content.Length / 8)
        {
            content[at] ^= 0x10;
        }

        await Cluster.Store.PutAsync(found.Name, content, PutCondition.Overwrite, Token);
    }

    /// <summary>Stores a segment anew without its summary; the server is far beyond it and has it no more.</summary>
    internal async Task ForgetSummaryAsync(WalSegmentName segment)
    {
        var found = await GoBeyondAsync(segment);
        var facts = await WalStore.ReadFactsAsync(Cluster, found, Token);
        var (content, _) = await ArchivedSegment.ReadAsync(Cluster, found, segment.Size, Token);
        await Cluster.Store.DeleteAsync(found.Name, Token);
        await WalStore.PutAsync(Cluster, Cluster.FirstLineage, content, facts, blocks: default, 1, Token);
    }

    private async Task<WalObject> GoBeyondAsync(WalSegmentName segment)
    {
        for (var more = 0; more < 4; more++)
        {
            await RunAsync("create table if not exists filler(i int);\ninsert into filler values (1);\nselect pg_switch_wal();\n");
        }

        await RunAsync("checkpoint;\n");
        await ArchiverIsIdleAsync();
        await PushArchivedAsync();
        var found = await WalStore.FindAsync(Cluster, Cluster.FirstLineage, segment.ToString(), Token);
        File.Delete(Path.Combine(Server.DataDirectory, "pg_wal", segment.ToString()));
        return Assert.Single(found);
    }

    /// <summary>Stops the server and lets it go on along a new timeline.</summary>
    internal async Task PromoteAsync()
    {
        await Server.StopAsync();
        await File.WriteAllTextAsync(Path.Combine(Server.DataDirectory, "standby.signal"), "", Token);
        await Server.StartAsync();
        await Server.ExecuteAsync("select pg_promote()");
        await Server.WaitUntilPromotedAsync();
        Timeline = new Timeline(Timeline.Value + 1);
    }

    internal ValueTask<ChangedBlocksAnswer> FindAsync(Lsn from, Lsn to, Lsn flushed) => ChangedBlocks.FindAsync(
        new ChangedBlocksRequest
        {
            Cluster = Cluster,
            Lineage = Cluster.FirstLineage,
            Timeline = Timeline,
            FromTimeline = Timeline.First,
            From = from,
            To = to,
            Live = new LiveWal(PosixFileSystem.Instance, Path.Combine(Server.DataDirectory, "pg_wal"), flushed),
        },
        Token);

    internal ControlFile Control() => ControlFileReading.Of(
        File.ReadAllBytes(Path.Combine(Server.DataDirectory, ControlFile.Path))).Control!;

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
