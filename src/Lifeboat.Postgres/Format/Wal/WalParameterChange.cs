using System.Buffers.Binary;
using Lifeboat.Postgres.Format.Control;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// Settings that a standby has to match or to know, written when one of them changed at a start: struct
/// xl_parameter_change, xlog_internal.h, the same from 13 to 18.
/// </summary>
/// <param name="Lsn">Where the record begins: the settings hold from there on.</param>
public readonly record struct WalParameterChange(
    Lsn Lsn,
    int MaxConnections,
    int MaxWorkerProcesses,
    int MaxWalSenders,
    int MaxPreparedTransactions,
    int MaxLocksPerTransaction,
    WalLevel WalLevel,
    bool WalLogHints,
    bool TrackCommitTimestamp)
{
    private const int MaxWorkerProcessesOffset = 4;
    private const int MaxWalSendersOffset = 8;
    private const int MaxPreparedTransactionsOffset = 12;
    private const int MaxLocksPerTransactionOffset = 16;
    private const int WalLogHintsOffset = 24;
    private const int TrackCommitTimestampOffset = 25;
    private const int Length = 26;

    public static bool Matches(in WalRecord record) => XlogInfo.Is(record, XlogInfo.ParameterChange);

    /// <summary>False for another kind of record, for one too short, and for a wal_level that is none.</summary>
    public static bool TryParse(in WalRecord record, out WalParameterChange change)
    {
        change = default;
        var data = record.MainData;
        if (!Matches(record) || data.Length < Length || !WalLevelChange.TryParse(record, out var level))
        {
            return false;
        }

        change = new WalParameterChange(
            record.Lsn,
            BinaryPrimitives.ReadInt32LittleEndian(data),
            BinaryPrimitives.ReadInt32LittleEndian(data[MaxWorkerProcessesOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(data[MaxWalSendersOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(data[MaxPreparedTransactionsOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(data[MaxLocksPerTransactionOffset..]),
            level.Level,
            data[WalLogHintsOffset] != 0,
            data[TrackCommitTimestampOffset] != 0);
        return true;
    }
}
