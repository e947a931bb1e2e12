using System.Buffers;
using System.Runtime.CompilerServices;
using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Tar;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Maps;
using ManifestFormat = Lifeboat.Postgres.Format.Manifest;

namespace Lifeboat.Engine.Backup.Physical.Streamed;

/// <summary>
/// Cuts what a server sends into units, with their content. What the server has decided to leave out stays out; what belongs
/// to the backup and not to the data directory is kept aside. Used by one caller at a time.
/// </summary>
internal sealed class StreamUnits(BaseBackupStream stream, ControlFacts control, ManifestComparison comparison)
{
    private const string TablespaceFolder = "pg_tblspc";
    private const int LinkMode = 0x1FF;

    /// <summary>Of a file that is kept aside.</summary>
    private const int MostAside = 1 << 20;

    private readonly Dictionary<string, byte[]> _aside = new(StringComparer.Ordinal);
    private long _sequence;

    /// <summary>The server's manifest without its files; null until everything was read.</summary>
    internal ManifestFormat.BackupManifest? Manifest { get; private set; }

    /// <summary>The control file as it was sent.</summary>
    /// <exception cref="LifeboatException">Damaged: it did not come.</exception>
    internal byte[] ControlContent => Aside(ControlFile.Path) ?? throw Missing(ControlFile.Path);

    internal byte[] Label => Aside(BackupLabel.FileName) ?? throw Missing(BackupLabel.FileName);

    internal byte[] Map => Aside(TablespaceMap.FileName) ?? [];

    /// <summary>What the data directory says of its lineage; null when it says nothing.</summary>
    internal byte[]? Marker => Aside(CopyRules.LineageMarker);

    internal TablespaceFacts[] Tablespaces =>
        [.. stream.Tablespaces.Where(IsLinked).Select(space => new TablespaceFacts(space.Oid!.Value, space.Location!))];

    internal async IAsyncEnumerable<CopyUnit> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await stream.NextArchiveAsync(cancellationToken) is { } archive)
        {
            if (archive.Tablespace is not { } tablespace)
            {
                await ReadManifestAsync(cancellationToken);
                continue;
            }

            var root = "";
            if (tablespace.Oid is { } oid)
            {
                root = $"{TablespaceFolder}/{oid}";
                yield return Without(new SourceEntry(
                    root,
                    IsLinked(tablespace) ? MapFileKind.TablespaceLink : MapFileKind.Directory,
                    new FileStatus { Mode = IsLinked(tablespace) ? LinkMode : 0x1C0 }));
            }

            var tar = new TarReader(stream.ReadAsync);
            while (await tar.NextAsync(cancellationToken) is { } header)
            {
                await foreach (var unit in CutAsync(tar, root, header, cancellationToken))
                {
                    yield return unit;
                }
            }
        }
    }

    /// <summary>A tablespace in place (a setting for tests) is a directory of the data directory.</summary>
    private static bool IsLinked(BaseBackupTablespace tablespace) => tablespace.Location?.StartsWith('/') == true;

    private async IAsyncEnumerable<CopyUnit> CutAsync(
        TarReader tar, string root, TarHeader header, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = root.Length == 0 ? header.Name : PosixPath.Combine(root, header.Name);
        if (header.Kind == TarKind.SymbolicLink)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Damaged,
                "read the server's archive",
                PosixPath.Display(path),
                "it is a link, and was not asked for",
                Hint: "Check that a PostgreSQL server answers at this address, without a proxy between."));
        }

        var kind = header.Kind == TarKind.Directory ? MapFileKind.Directory : MapFileKind.Regular;
        var entry = new SourceEntry(
            path,
            kind,
            new FileStatus
            {
                Size = header.Size,
                Mode = header.Mode,
                ModifiedNs = checked(Math.Min(header.Modified, long.MaxValue / 1_000_000_000) * 1_000_000_000),
            });
        if (kind == MapFileKind.Directory)
        {
            yield return Without(entry);
            yield break;
        }

        comparison.Take(entry.PathBytes);
        if (IsAside(path) || path == ControlFile.Path)
        {
            var content = await ReadAsideAsync(tar, entry, cancellationToken);
            if (IsAside(path))
            {
                comparison.Received(entry.PathBytes, content.Length, Crc32C.Compute(content));
                yield break;
            }

            yield return Unit(entry, 0, content.Length, OpenSource.Of(content));
            yield break;
        }

        for (long offset = 0; offset == 0 || offset < header.Size; offset += CopyUnit.Size)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(CopyUnit.Size);
            var length = await tar.ReadAsync(buffer.AsMemory(0, CopyUnit.Size), cancellationToken);
            var (first, bytes) = (offset, buffer.AsMemory(0, length));
            var source = new OpenSource(
                () => new FileInMemory(bytes, first, () => ArrayPool<byte>.Shared.Return(buffer)), units: 1);
            yield return Unit(entry, offset, length, source);
        }
    }

    private CopyUnit Without(SourceEntry entry)
    {
        comparison.Take(entry.PathBytes);
        return new CopyUnit(_sequence++, entry, 0, 0, IsLast: true, Source: null, FirstBlock: null);
    }

    private CopyUnit Unit(SourceEntry entry, long offset, int length, OpenSource source)
    {
        uint? firstBlock = control.HasDataChecksums && CopyRules.HasPageChecksums(entry.Path)
            && RelationFilePath.TryParse(entry.Path, out var relation)
                ? relation.FirstBlock(control.RelSegSize) : null;
        return new CopyUnit(
            _sequence++, entry, offset, length, offset + length >= entry.Status.Size, source, firstBlock);
    }

    private async ValueTask<byte[]> ReadAsideAsync(
        TarReader tar, SourceEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Status.Size > MostAside)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Damaged,
                "read the server's archive",
                PosixPath.Display(entry.Path),
                $"it has {entry.Status.Size} bytes",
                Hint: "That is not what this file can be: look at it on the server."));
        }

        var content = new byte[entry.Status.Size];
        await tar.ReadAsync(content, cancellationToken);
        _aside[entry.Path] = content;
        return content;
    }

    private async ValueTask ReadManifestAsync(CancellationToken cancellationToken)
    {
        using var lines = new ManifestFormat.BackupManifestLines(comparison.Listed);
        while (await stream.ReadAsync(cancellationToken) is { IsEmpty: false } bytes)
        {
            lines.Append(bytes.Span);
        }

        Manifest = lines.Complete();
    }

    private static bool IsAside(string path) => path is BackupLabel.FileName or TablespaceMap.FileName or CopyRules.LineageMarker
        || path.StartsWith(CopyRules.RestoreMark, StringComparison.Ordinal);

    private byte[]? Aside(string path) => _aside.GetValueOrDefault(path);

    private static LifeboatException Missing(string path) => new(new Failure(
        ErrorCode.Damaged,
        "read the server's archive",
        path,
        "it did not come",
        Hint: "Check that a PostgreSQL server answers at this address, without a proxy between."));
}
