using System.Buffers.Binary;
using Lifeboat.Postgres.Format.Control;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// A record that tells wal_level. Up to 16 only PARAMETER_CHANGE does, written when a setting of its group changed;
/// since
/// 17 also checkpoints that shut down or begin replay, and the end of a recovery.
/// </summary>
/// <param name="Lsn">Where the record begins: the level holds from there on.</param>
public readonly record struct WalLevelChange(Lsn Lsn, WalLevel Level)
{
    /// <summary>In struct xl_parameter_change, behind five other settings.</summary>
    private const int ParameterChangeOffset = 20;

    /// <summary>False when the record does not tell it, or tells a level that is none.</summary>
    public static bool TryParse(in WalRecord record, out WalLevelChange change)
    {
        WalLevel? level = null;
        if (record.RmgrId == (byte)ResourceManager.Xlog)
        {
            level = record.RmgrInfo switch
            {
                XlogInfo.ParameterChange => Read(record.MainData, ParameterChangeOffset),
                XlogInfo.CheckpointRedo when record.Major >= 17 => Read(record.MainData, 0),
                XlogInfo.CheckpointShutdown => WalCheckpoint.TryParse(record, out var made) ? made.WalLevel : null,
                XlogInfo.EndOfRecovery => WalEndOfRecovery.TryParse(record, out var end) ? end.WalLevel : null,
                _ => null,
            };
        }

        change = new WalLevelChange(record.Lsn, level ?? default);
        return level is not null;
    }

    /// <summary>The level that checkpoints and ends of recovery carry since 17.</summary>
    internal static WalLevel? From(in WalRecord record, int offset) =>
        record.Major >= 17 ? Read(record.MainData, offset) : null;

    private static WalLevel? Read(ReadOnlySpan<byte> data, int offset)
    {
        if (data.Length < offset + sizeof(int))
        {
            return null;
        }

        var level = BinaryPrimitives.ReadInt32LittleEndian(data[offset..]);
        return level is >= (int)WalLevel.Minimal and <= (int)WalLevel.Logical ? (WalLevel)level : null;
    }
}
