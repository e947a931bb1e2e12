using System.Buffers.Binary;
using Lifeboat.Engine.Wal;
using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Lifeboat.Testing.Files;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Postgres;
using Xunit;

namespace Lifeboat.Tests.Engine;

/// <summary>A repository in memory, and data directories that hold just what the WAL commands look at.</summary>
internal sealed class ArchiveScenario : IDisposable
{
    internal const ulong SystemIdentifier = 7123456789012345678;

    /// <summary>The time from which the WAL in these tests counts seconds.</summary>
    internal static readonly DateTimeOffset Epoch = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly StandingClock _clock = new() { Now = Epoch.AddDays(-1) };
    private readonly ScratchDirectory _scratch = ScratchDirectory.InMemory();

    private ArchiveScenario(IObjectStore store, Cluster cluster)
    {
        Store = store;
        Cluster = cluster;
    }

    internal IObjectStore Store { get; }

    internal Cluster Cluster { get; }

    internal IFileSystem Files => PosixFileSystem.Instance;

    internal static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static async Task<ArchiveScenario> NewAsync(Func<IObjectStore, IObjectStore>? decorate = null)
    {
        IObjectStore store = new MemoryObjectStore(TimeProvider.System);
        store = decorate?.Invoke(store) ?? store;
        var (repository, _) = await RepositoryRoot.InitAsync(store, secret: null, TimeProvider.System, Token);
        var (cluster, _) = await Cluster.CreateAsync(repository, "main", Token);
        return new ArchiveScenario(store, cluster);
    }

    internal static long Micros(double seconds) => PgTimestamp.From(At(seconds)).Microseconds;

    internal static DateTimeOffset At(double seconds) => Epoch.AddSeconds(seconds);

    /// <summary>A data directory with a pg_control of this system identifier and segments of 1 MiB.</summary>
    internal string NewServer(string name, ulong systemIdentifier = SystemIdentifier)
    {
        var directory = _scratch.Combine(name);
        Files.CreateDirectory(directory);
        Files.CreateDirectory($"{directory}/global");
        Files.CreateDirectory($"{directory}/pg_wal");
        var control = PostgresFixtures.Read(18, "pg_control.running");
        BinaryPrimitives.WriteUInt64LittleEndian(control, systemIdentifier);
        BinaryPrimitives.WriteInt32LittleEndian(
            control.AsSpan(ControlFileLayout13.WalSegmentSize), WalBuilder.Size.Bytes);
        var crc = ControlFileLayout.Of(ControlFileReading.Of(control).PgControlVersion)!.Crc;
        BinaryPrimitives.WriteUInt32LittleEndian(control.AsSpan(crc), Crc32C.Compute(control.AsSpan(0, crc)));
        Write($"{directory}/{ControlFile.Path}", control);
        return directory;
    }

    internal void SetState(string server, DBState state)
    {
        const int stateOffset = 16; // pg_control.h, the same from 13 to 18
        var control = Read($"{server}/{ControlFile.Path}");
        BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(stateOffset), (int)state);
        var crc = ControlFileLayout.Of(ControlFileReading.Of(control).PgControlVersion)!.Crc;
        BinaryPrimitives.WriteUInt32LittleEndian(control.AsSpan(crc), Crc32C.Compute(control.AsSpan(0, crc)));
        Write($"{server}/{ControlFile.Path}", control);
    }

    /// <summary>A push by hand, of a file that does not lie in the server's pg_wal.</summary>
    internal ValueTask<WalPushOutcome> PushFromElsewhereAsync(
        string server, string name, ReadOnlyMemory<byte> content)
    {
        Files.CreateDirectory($"{server}/spool");
        Write($"{server}/spool/{name}", content.Span);
        return WalPush.RunAsync(
            new WalPushRequest
            {
                Cluster = Cluster,
                Path = $"{server}/spool/{name}",
                ClusterDirectory = server,
                Files = Files,
                Host = "here",
                Time = _clock,
            },
            Token);
    }

    internal void Write(string path, ReadOnlySpan<byte> content)
    {
        if (Files.Stat(path) is not null)
        {
            Files.Delete(path);
        }

        using var file = Files.Create(path);
        file.Write(content, 0);
        file.Close();
    }

    internal byte[] Read(string path)
    {
        using var file = Files.OpenRead(path);
        var content = new byte[file.Status().Size];
        file.Read(content, 0);
        return content;
    }

    internal ValueTask<WalPushOutcome> PushAsync(
        string server, string name, ReadOnlyMemory<byte> content, IFileSystem? files = null)
    {
        Write($"{server}/pg_wal/{name}", content.Span);
        return WalPush.RunAsync(
            new WalPushRequest
            {
                Cluster = Cluster,
                Path = $"{server}/pg_wal/{name}",
                Files = files ?? Files,
                Host = "here",
                Time = _clock,
            },
            Token);
    }

    /// <summary>Sets the clock of the server that pushes; it stands before all of the tests' WAL otherwise.</summary>
    internal void SetClock(double seconds) => _clock.Now = At(seconds);

    internal async Task PushAllAsync(string server, WalBuilder wal, Timeline? timeline = null)
    {
        foreach (var (name, content) in wal.Segments)
        {
            await PushAsync(server, (name with { Timeline = timeline ?? name.Timeline }).ToString(), content);
        }
    }

    internal async Task<WalFetchOutcome> FetchAsync(string server, string name) => await WalFetch.RunAsync(
        new WalFetchRequest
        {
            Cluster = Cluster,
            Name = name,
            Destination = $"{server}/pg_wal/RECOVERYXLOG",
            Files = Files,
            RetryFor = TimeSpan.Zero,
        },
        Token);

    internal async Task DeleteAsync(string file, Id128? lineage = null)
    {
        foreach (var item in await WalStore.FindAsync(Cluster, lineage ?? Cluster.FirstLineage, file, Token))
        {
            await Store.DeleteAsync(item.Name, Token);
        }
    }

    /// <summary>Makes the record of the first lineage, as its server's first use of the repository does.</summary>
    internal async Task BindAsync() => await LineageCatalog.BindAsync(
        Cluster,
        new LineageRecord(Cluster.FirstLineage, $"{SystemIdentifier}", WalBuilder.Size.Bytes, 18, Parent: null),
        Token);

    /// <summary>The manifest of a backup, with what windows and targets look at.</summary>
    internal async Task<BackupManifest> AddBackupAsync(
        string id, Lsn start, Lsn stop, double startTime, double stopTime, uint timeline = 1, Id128? lineage = null)
    {
        var manifest = new BackupManifest
        {
            Id = id,
            Cluster = Cluster.Name,
            Lineage = lineage ?? Cluster.FirstLineage,
            Kind = "full",
            Method = "files",
            StartTime = At(startTime),
            StopTime = At(stopTime),
            StartLsn = start,
            StopLsn = stop,
            Timeline = new Timeline(timeline),
            Server = new ServerIdentity(
                $"{SystemIdentifier}", 18, "18.0", 202506291, 8192, 131072, WalBuilder.Size.Bytes, true, "postgres"),
            BackupLabel = "",
            Tablespaces = [],
            Configuration = [],
            MapRuns = [],
            Sizes = new BackupSizes(0, 0, 0, 0),
            ChecksumErrors = 0,
            DamagedPages = [],
            Warnings = [],
            Program = "test",
            Host = "here",
        };
        await BackupCatalog.PutAsync(Cluster, manifest, [], Token);
        return manifest;
    }

    public void Dispose() => _scratch.Dispose();

    private sealed class StandingClock : TimeProvider
    {
        internal DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
