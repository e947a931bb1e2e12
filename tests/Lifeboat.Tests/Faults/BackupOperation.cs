using System.Text;
using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Faults;

/// <summary>
/// <c>lifeboat backup</c>, the second one of its cluster, without the session that a server would be asked by.
/// </summary>
internal sealed class BackupOperation(FaultWorld world, BackupKind kind = BackupKind.Full) : FaultedOperation(world)
{
    private readonly Dictionary<string, DirectoryImage> _images = new(StringComparer.Ordinal);
    private readonly HashSet<string> _promised = new(StringComparer.Ordinal);
    private int _segment;

    internal override async Task PrepareAsync()
    {
        await World.InitAsync(FaultedWays.Clean, default);
        await RunAsync(FaultedWays.Clean, default);
        SourceDirectory.Change(World.Data);
    }

    internal override async Task RunAsync(FaultedWays ways, CancellationToken cancellationToken)
    {
        var (start, stop) = Points(_segment++);
        _images[$"{start}"] = DirectoryImage.OfSource(World);
        var manifest = await World.WithClusterAsync(
            ways,
            cluster => BackUpAsync(World, cluster, ways.Files, start, stop, cancellationToken, kind),
            cancellationToken);
        _promised.Add(manifest.Id);
    }

    internal override async Task JudgeAsync(bool succeeded, string message)
    {
        var listed = new List<BackupManifest>();
        var failure = await FaultAttempt.RunAsync(message, token => World.WithClusterAsync(
            FaultedWays.Clean,
            async cluster =>
            {
                var (backups, damage) = await BackupCatalog.ListAsync(cluster, token);
                Assert.True(damage.Count == 0, $"{message}: {string.Join("; ", damage.Select(one => one.Message))}");
                listed.AddRange(backups);
                return true;
            },
            token));
        Assert.True(failure is null, $"{message}: {failure}");
        Assert.True(
            _promised.IsSubsetOf(listed.Select(backup => backup.Id)),
            $"{message}: a backup that was reported is not listed");
        foreach (var backup in listed)
        {
            await RestoreOperation.JudgeRestorableAsync(World, backup, _images[$"{backup.StartLsn}"], message);
        }
    }

    /// <summary>Start and stop of a backup in two segments of <see cref="SourceDirectory.Wal"/>.</summary>
    internal static (Lsn Start, Lsn Stop) Points(int backup)
    {
        var first = 0x500028UL + ((ulong)Math.Min(backup, 3) * (ulong)WalBuilder.Size.Bytes);
        return (new Lsn(first), new Lsn(first + (ulong)WalBuilder.Size.Bytes));
    }

    /// <summary>All that a backup does, but for what it asks the server.</summary>
    internal static async Task<BackupManifest> BackUpAsync(
        FaultWorld world,
        Cluster cluster,
        IFileSystem files,
        Lsn start,
        Lsn stop,
        CancellationToken cancellationToken,
        BackupKind kind = BackupKind.Full)
    {
        var request = new PhysicalBackupRequest
        {
            Cluster = cluster,
            ClusterDirectory = world.Data,
            Connection = ConnInfo.Parse(
                "host=/nowhere user=u", new ClientEnvironment(_ => null, PosixFileSystem.Instance, "u", "")),
            Kind = kind,
            Jobs = 1,
            CompressionLevel = 1,
            Program = "test",
            Files = files,
        };
        var began = request.Time.GetUtcNow();
        var control = await ServerDirectory.ReadControlAsync(files, world.Data, request.Time, cancellationToken);
        var server = await ServerLineage.ResolveAsync(cluster, files, world.Data);
        var lineage = await server.BindAsync(cluster, control, cancellationToken);
        var source = new ServerSource(world.Data, Facts(world, control), control, lineage);
        var warnings = new List<string>();
        var activity = new QuietActivity();
        await using var session = await WriterSession.BeginAsync(cluster, cancellationToken);
        var copied = await new DataDirectoryCopy(request, source, session, activity, warnings).RunAsync(
            start, _ => Task.FromResult(stop), cancellationToken);
        var manifest = await new BackupCompletion(request, source, session, activity, warnings).RunAsync(
            began,
            start,
            new BackupStop(stop, Label(start), ReadOnlyMemory<byte>.Empty),
            copied,
            [new CatalogLine(5, "postgres")],
            cancellationToken);
        await session.Lease.EndAsync(cancellationToken);
        return manifest;
    }

    private static byte[] Label(Lsn start) => Encoding.ASCII.GetBytes(
        $"START WAL LOCATION: {start} (file {WalSegmentName.Of(Timeline.First, start, WalBuilder.Size)})\n"
        + $"CHECKPOINT LOCATION: {start}\nBACKUP METHOD: streamed\nBACKUP FROM: primary\n"
        + "START TIME: 2026-01-01 00:00:00 UTC\nLABEL: test\nSTART TIMELINE: 1\n");

    private static ServerFacts Facts(FaultWorld world, ControlFile control) => new(
        170002,
        "17.2",
        control.SystemIdentifier,
        Timeline.First,
        DateTimeOffset.UnixEpoch,
        5432,
        InRecovery: false,
        WalLevel: "replica",
        ArchiveMode: "off",
        ArchiveCommand: "",
        ArchiveLibrary: "",
        control.WalSegmentSize,
        control.BlockSize,
        control.HasDataChecksums,
        FullPageWrites: true,
        world.Data,
        $"{world.Data}/postgresql.conf",
        $"{world.Data}/pg_hba.conf",
        $"{world.Data}/pg_ident.conf",
        []);
}
