using Lifeboat.Postgres.Format.Control;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// Where an online checkpoint's replay begins, since 17: its main data is wal_level alone. The checkpoint itself follows
/// later, or never.
/// </summary>
/// <param name="Lsn">Where the record begins: the redo position of the checkpoint that follows.</param>
public readonly record struct WalCheckpointRedo(Lsn Lsn, WalLevel WalLevel)
{
    public static bool Matches(in WalRecord record) =>
        record.Major >= 17 && XlogInfo.Is(record, XlogInfo.CheckpointRedo);

    /// <summary>False for another kind of record, and for one that tells no level there is.</summary>
    public static bool TryParse(in WalRecord record, out WalCheckpointRedo redo)
    {
        redo = default;
        if (!Matches(record) || !WalLevelChange.TryParse(record, out var change))
        {
            return false;
        }

        redo = new WalCheckpointRedo(record.Lsn, change.Level);
        return true;
    }
}
