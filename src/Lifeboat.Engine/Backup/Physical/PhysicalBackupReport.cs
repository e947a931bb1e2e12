using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>What a backup came to.</summary>
/// <param name="Manifest">As it is stored.</param>
/// <param name="Duration">From the first call to the server until the manifest was durable.</param>
public sealed record PhysicalBackupReport(BackupManifest Manifest, TimeSpan Duration);
