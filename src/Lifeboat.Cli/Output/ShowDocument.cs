using Lifeboat.Platform.Files;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Cli.Output;

/// <summary>Everything that the manifest of a backup tells.</summary>
internal sealed record ShowDocument(
    BackupDocument Backup,
    ShownServer Server,
    string Host,
    string Program,
    ShownTablespace[] Tablespaces,
    ShownConfiguration[] Configuration,
    ShownDatabase[] Databases,
    string BackupLabel)
{
    public static ShowDocument Of(BackupManifest manifest, BackupNotes notes, IReadOnlyList<CatalogLine> catalog, DateTimeOffset? lockedUntil = null) => new(
        BackupDocument.Of(manifest, notes) with { LockedUntil = lockedUntil },
        new ShownServer(
            manifest.Server.SystemIdentifier,
            manifest.Server.Version,
            manifest.Server.CatalogVersion,
            manifest.Server.BlockSize,
            manifest.Server.WalSegmentSize,
            manifest.Server.DataChecksums),
        manifest.Host,
        manifest.Program,
        [.. manifest.Tablespaces.Select(t => new ShownTablespace(t.Oid, PosixPath.Display(t.Location)))],
        [.. manifest.Configuration.Select(c => new ShownConfiguration(
            c.Role, PosixPath.Display(c.Source), PosixPath.Display(c.Target), c.Content.Length))],
        ShownDatabase.From(catalog),
        manifest.BackupLabel);
}

internal sealed record ShownServer(
    string SystemIdentifier,
    string Version,
    uint CatalogVersion,
    int BlockSize,
    int WalSegmentSize,
    bool DataChecksums);

internal sealed record ShownTablespace(uint Oid, string Location);

internal sealed record ShownConfiguration(string Role, string Source, string Target, int Bytes);
