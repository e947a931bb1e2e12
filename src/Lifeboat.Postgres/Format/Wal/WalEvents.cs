using System.Buffers.Binary;
using System.Text;
using Lifeboat.Postgres.Format.Control;

namespace Lifeboat.Postgres.Format.Wal;

/// <summary>
/// A checkpoint: struct CheckPoint, pg_control.h. <paramref name="Lsn"/> is its record, not where replay begins.
/// </summary>
/// <param name="Lsn">Where the record begins.</param>
/// <param name="IsShutdown">Made while nothing ran: at a stop, or at the end of a recovery.</param>
/// <param name="Redo">Where replay from it begins.</param>
/// <param name="Timeline">The timeline from here on.</param>
/// <param name="PrevTimeline">Another one only when this checkpoint begins a timeline.</param>
/// <param name="NextXid">The next transaction id, its epoch in the upper 32 bits.</param>
/// <param name="Time">When the checkpoint began, in whole seconds.</param>
/// <param name="WalLevel">Told since 17; null before.</param>
public readonly record struct WalCheckpoint(
    Lsn Lsn,
    bool IsShutdown,
    Lsn Redo,
    Timeline Timeline,
    Timeline PrevTimeline,
    ulong NextXid,
    PgTimestamp Time,
    WalLevel? WalLevel)
{
    private const int TimelineOffset = 8;
    private const int PrevTimelineOffset = 12;
    private const int WalLevelOffset = 20;
    private const int NextXidOffset = 24;
    private const int TimeOffset = 64;
    private const int Length = 88;

    public static bool Matches(in WalRecord record) =>
        XlogInfo.Is(record, XlogInfo.CheckpointShutdown) || XlogInfo.Is(record, XlogInfo.CheckpointOnline);

    /// <summary>False for another kind of record, and for one too short to be a checkpoint.</summary>
    public static bool TryParse(in WalRecord record, out WalCheckpoint checkpoint)
    {
        checkpoint = default;
        var data = record.MainData;
        if (!Matches(record) || data.Length < Length)
        {
            return false;
        }

        checkpoint = new WalCheckpoint(
            record.Lsn,
            record.RmgrInfo == XlogInfo.CheckpointShutdown,
            new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(data)),
            new Timeline(BinaryPrimitives.ReadUInt32LittleEndian(data[TimelineOffset..])),
            new Timeline(BinaryPrimitives.ReadUInt32LittleEndian(data[PrevTimelineOffset..])),
            BinaryPrimitives.ReadUInt64LittleEndian(data[NextXidOffset..]),
            PgTimestamp.FromUnixSeconds(BinaryPrimitives.ReadInt64LittleEndian(data[TimeOffset..])),
            WalLevelChange.From(record, WalLevelOffset));
        return true;
    }
}

/// <summary>A named restore point: struct xl_restore_point, xlog_internal.h.</summary>
/// <param name="Lsn">Where the record begins.</param>
/// <param name="EndLsn">Where a recovery to it ends: what pg_create_restore_point returned, but for padding.</param>
public readonly record struct WalRestorePoint(Lsn Lsn, Lsn EndLsn, string Name, PgTimestamp Time)
{
    private const int NameOffset = 8;
    private const int NameLength = 64;

    public static bool Matches(in WalRecord record) => XlogInfo.Is(record, XlogInfo.RestorePoint);

    /// <summary>False for another kind of record, and for one too short to be a restore point.</summary>
    public static bool TryParse(in WalRecord record, out WalRestorePoint point)
    {
        point = default;
        var data = record.MainData;
        if (!Matches(record) || data.Length < NameOffset + NameLength)
        {
            return false;
        }

        var name = data.Slice(NameOffset, NameLength);
        var end = name.IndexOf((byte)0);
        point = new WalRestorePoint(
            record.Lsn,
            record.EndLsn,
            Encoding.UTF8.GetString(end < 0 ? name : name[..end]),
            new PgTimestamp(BinaryPrimitives.ReadInt64LittleEndian(data)));
        return true;
    }
}

/// <summary>
/// A promotion: the first record of a new timeline that no checkpoint began (struct xl_end_of_recovery).
/// </summary>
/// <param name="Lsn">Where the record begins.</param>
/// <param name="WalLevel">Told since 17; null before.</param>
public readonly record struct WalEndOfRecovery(
    Lsn Lsn, PgTimestamp Time, Timeline Timeline, Timeline PrevTimeline, WalLevel? WalLevel)
{
    private const int TimelineOffset = 8;
    private const int PrevTimelineOffset = 12;
    private const int WalLevelOffset = 16;

    public static bool Matches(in WalRecord record) => XlogInfo.Is(record, XlogInfo.EndOfRecovery);

    /// <summary>False for another kind of record, and for one too short.</summary>
    public static bool TryParse(in WalRecord record, out WalEndOfRecovery end)
    {
        end = default;
        var data = record.MainData;
        if (!Matches(record) || data.Length < WalLevelOffset)
        {
            return false;
        }

        end = new WalEndOfRecovery(
            record.Lsn,
            new PgTimestamp(BinaryPrimitives.ReadInt64LittleEndian(data)),
            new Timeline(BinaryPrimitives.ReadUInt32LittleEndian(data[TimelineOffset..])),
            new Timeline(BinaryPrimitives.ReadUInt32LittleEndian(data[PrevTimelineOffset..])),
            WalLevelChange.From(record, WalLevelOffset));
        return true;
    }
}

/// <summary>
/// What stands where a record's continuation was lost: struct xl_overwrite_contrecord, xlog_internal.h.
/// </summary>
/// <param name="Lsn">Where this record begins.</param>
/// <param name="Overwritten">Where the record began that was never finished.</param>
public readonly record struct WalOverwrittenContrecord(Lsn Lsn, Lsn Overwritten, PgTimestamp Time)
{
    private const int TimeOffset = 8;

    public static bool Matches(in WalRecord record) => XlogInfo.Is(record, XlogInfo.OverwriteContrecord);

    /// <summary>False for another kind of record, and for one too short.</summary>
    public static bool TryParse(in WalRecord record, out WalOverwrittenContrecord overwritten)
    {
        overwritten = default;
        var data = record.MainData;
        if (!Matches(record) || data.Length < TimeOffset + sizeof(long))
        {
            return false;
        }

        overwritten = new WalOverwrittenContrecord(
            record.Lsn,
            new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(data)),
            new PgTimestamp(BinaryPrimitives.ReadInt64LittleEndian(data[TimeOffset..])));
        return true;
    }
}
