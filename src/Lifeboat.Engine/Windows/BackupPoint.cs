using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Windows;

/// <summary>Of a backup what decides from where WAL is needed.</summary>
/// <param name="Timeline">Of <paramref name="StartLsn"/>.</param>
/// <param name="StartLsn">Redo of its checkpoint: the first WAL needed.</param>
/// <param name="StopLsn">Recovery must come this far.</param>
public sealed record BackupPoint(
    string Id, Timeline Timeline, Lsn StartLsn, Lsn StopLsn, DateTimeOffset StartTime, DateTimeOffset StopTime)
{
    public static BackupPoint Of(BackupManifest backup) => new(
        backup.Id, backup.Timeline, backup.StartLsn, backup.StopLsn, backup.StartTime, backup.StopTime);
}
