namespace Lifeboat.Postgres.Format.Wal;

/// <summary>The kinds of records of the resource manager XLOG: their info bits (pg_control.h).</summary>
internal static class XlogInfo
{
    internal const byte CheckpointShutdown = 0x00;
    internal const byte CheckpointOnline = 0x10;
    internal const byte Switch = 0x40;
    internal const byte ParameterChange = 0x60;
    internal const byte RestorePoint = 0x70;
    internal const byte EndOfRecovery = 0x90;

    /// <summary>XLOG_FPI.</summary>
    internal const byte PageImage = 0xB0;
    internal const byte OverwriteContrecord = 0xD0;

    /// <summary>Since 17: where a checkpoint will begin replay.</summary>
    internal const byte CheckpointRedo = 0xE0;

    internal static bool IsSwitch(byte rmgr, byte info) =>
        rmgr == (byte)ResourceManager.Xlog && (info & WalRecord.RmgrInfoMask) == Switch;

    /// <summary>Whether a record is of this kind.</summary>
    internal static bool Is(in WalRecord record, byte info) =>
        record.RmgrId == (byte)ResourceManager.Xlog && record.RmgrInfo == info;
}
