using System.Buffers;
using Lifeboat.Engine.Files;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Manifest;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// The files that a restore does not copy but makes: backup_label, recovery settings, the lineage's marker, configuration
/// that lay outside, PostgreSQL's backup_manifest over all of it; and pg_control, which is held back until the end.
/// </summary>
internal sealed class RecoveryFiles
{
    private const string AutoConfiguration = "postgresql.auto.conf";
    private const string RecoverySignal = "recovery.signal";
    private const string StandbySignal = "standby.signal";
    private const int ManifestBuffer = 1 << 20;

    private readonly RestorePlan _plan;
    private readonly IFileSystem _files;
    private readonly RestoreOwner _owner;
    private readonly Dictionary<string, List<ExtentEntry>> _held;
    private readonly HashSet<string> _replaced;
    private readonly List<ManifestFile> _made = [];
    private byte[] _controlFile = [];

    internal RecoveryFiles(RestorePlan plan, IFileSystem files, RestoreOwner owner)
    {
        _plan = plan;
        _files = files;
        _owner = owner;
        _held = new(StringComparer.Ordinal) { [ControlFile.Path] = [], [AutoConfiguration] = [] };
        _replaced = ReplacedOf(plan.Target.Backup);
        Marker = new LineageMarker(
            Id128.NewRandom(),
            plan.Request.Cluster.Id,
            new LineageOrigin(
                plan.Target.Lineage, plan.Target.Backup.Id, plan.Target.Timeline, plan.Target.Backup.StopLsn));
    }

    /// <summary>The lineage that the restored copy begins.</summary>
    internal LineageMarker Marker { get; }

    /// <summary>Every file that a restore does not copy but makes.</summary>
    internal static HashSet<string> MadeOf(Repository.Backups.BackupManifest backup) =>
    [
        ControlFile.Path, AutoConfiguration, BackupLabel.FileName, LineageMarker.FileName, BackupManifest.FileName,
        .. ReplacedOf(backup),
    ];

    /// <summary>Those of which a backup may hold another content.</summary>
    private static HashSet<string> ReplacedOf(Repository.Backups.BackupManifest backup) =>
        [RecoverySignal, StandbySignal, .. backup.Configuration.Select(kept => kept.Target)];

    /// <summary>Whether this entry is none that is copied; files whose content is needed later are remembered.</summary>
    internal bool Takes(MapEntry entry, out bool isRegular)
    {
        isRegular = entry.Extent is not null || entry.Facts?.Kind == MapFileKind.Regular;
        if (!_held.TryGetValue(entry.Path, out var extents))
        {
            return _replaced.Contains(entry.Path);
        }

        if (entry.Extent is { } extent)
        {
            extents.Add(extent);
        }

        return true;
    }

    /// <summary>Writes everything but pg_control; returns the bytes written.</summary>
    internal async ValueTask<long> WriteAsync(
        FrameIndex index, List<string> warnings, CancellationToken cancellationToken)
    {
        using var reader = new ExtentReader(_plan.Request.Cluster, index);
        var written = OutsideConfigurationFiles.Place(_plan.Target.Backup.Configuration, Make, MakeFolder, warnings);
        var kept = await ReadHeldAsync(reader, AutoConfiguration, cancellationToken);
        written += Make(AutoConfiguration, RecoverySettings.Rewrite(kept, _plan), isListed: false);
        written += Make(RecoverySignal, [], isListed: false);
        written += Make(BackupLabel.FileName, PosixPath.Encode(_plan.Target.Backup.BackupLabel), isListed: true);
        written += Make(LineageMarker.FileName, Marker.ToBytes(), isListed: true);
        written += WriteManifest();
        _controlFile = await ReadHeldAsync(reader, ControlFile.Path, cancellationToken);
        return written;
    }

    /// <summary>The last file: with it, a server can start on the directory. Whole or not there; durable.</summary>
    internal long WriteControlFile()
    {
        _ = ControlFileReading.Of(_controlFile).Require(ControlFile.Path);
        WholeFile.Replace(_files, PosixPath.Combine(_plan.Request.Directory, ControlFile.Path), _controlFile);
        return _controlFile.Length;
    }

    private async ValueTask<byte[]> ReadHeldAsync(
        ExtentReader reader, string path, CancellationToken cancellationToken)
    {
        var content = new ArrayBufferWriter<byte>();
        foreach (var extent in _held[path])
        {
            if (extent.IsZero)
            {
                content.Write(new byte[extent.Length]);
            }
            else
            {
                content.Write((await reader.ReadAsync(path, extent, cancellationToken)).Span);
            }
        }

        return content.WrittenSpan.ToArray();
    }

    /// <param name="isListed">Whether it is one of the files that backup_manifest vouches for.</param>
    private long Make(string path, ReadOnlySpan<byte> content, bool isListed)
    {
        var full = PosixPath.Combine(_plan.Request.Directory, path);
        using var file = _files.Create(full);
        file.Write(content, 0);
        _owner.Give(_files, full);
        file.Sync();
        file.Close();
        if (isListed)
        {
            _made.Add(ManifestFile.WithCrc32C(
                path, content.Length, _plan.Target.Backup.StopTime, Crc32C.Compute(content)));
        }

        return content.Length;
    }

    private void MakeFolder(string path)
    {
        var full = PosixPath.Combine(_plan.Request.Directory, path);
        if (_files.StatTarget(full) is null)
        {
            _files.CreateDirectory(full);
            _owner.Give(_files, full);
            _files.SyncDirectory(PosixPath.Parent(full));
        }
    }

    private long WriteManifest()
    {
        var backup = _plan.Target.Backup;
        var buffer = new ArrayBufferWriter<byte>(ManifestBuffer);
        var path = PosixPath.Combine(_plan.Request.Directory, BackupManifest.FileName);
        using var file = _files.Create(path);
        _owner.Give(_files, path);
        var written = 0L;
        void Flush(int atLeast)
        {
            if (buffer.WrittenCount > atLeast)
            {
                file.Write(buffer.WrittenSpan, written);
                written += buffer.WrittenCount;
                buffer.ResetWrittenCount();
            }
        }

        using var manifest = new BackupManifestWriter(buffer);
        manifest.Begin(
            BackupManifest.VersionOfMajor(backup.Server.Major),
            ulong.Parse(backup.Server.SystemIdentifier, System.Globalization.CultureInfo.InvariantCulture));
        foreach (var (name, facts) in _plan.Entries)
        {
            if (facts.Kind == MapFileKind.Regular && !_replaced.Contains(name))
            {
                // The checksum of the backup's moment: it vouches for the pages, and not they for it.
                var modified = DateTimeOffset.UnixEpoch.AddTicks(facts.ModifiedNs / 100);
                manifest.Add(ManifestFile.WithCrc32C(name, facts.Length, modified, facts.Crc));
                Flush(ManifestBuffer / 2);
            }
        }

        foreach (var made in _made)
        {
            manifest.Add(made);
        }

        manifest.Complete([new WalRange(backup.Timeline, backup.StartLsn, backup.StopLsn)]);
        Flush(0);
        file.Sync();
        file.Close();
        return written;
    }
}
