using System.Buffers.Binary;
using System.Numerics;
using At = Lifeboat.Postgres.Format.Control.ControlFileLayout13;

namespace Lifeboat.Postgres.Format.Control;

/// <summary>Turns the bytes of a layout into the one type that all versions share.</summary>
internal static class ControlFileDecoder
{
    private const double FloatFormat = 1234567.0;
    private const uint MaxAlign = 8;

    /// <returns>Null when a field has a value that PostgreSQL never writes on a 64-bit machine.</returns>
    public static ControlFile? Decode(ReadOnlySpan<byte> bytes, ControlFileLayout layout, uint catalog, int major)
    {
        var blockSize = UInt(bytes, At.BlockSize);
        var walBlockSize = UInt(bytes, At.WalBlockSize);
        var walSegmentSize = UInt(bytes, At.WalSegmentSize);
        var checkPoint = DecodeCheckPoint(bytes, layout);
        if (checkPoint is null
            || !TryTime(bytes, At.Time, out var time)
            || !IsState(Int(bytes, At.State))
            || !IsWalLevel(Int(bytes, At.WalLevel))
            || !IsBlockSize(blockSize) || UInt(bytes, At.RelSegSize) == 0 || !IsWalBlockSize(walBlockSize)
            || !WalSegmentSize.IsValid(walSegmentSize)
            || UInt(bytes, At.MaxAlign) != MaxAlign
            || BinaryPrimitives.ReadDoubleLittleEndian(bytes[At.FloatFormat..]) is not FloatFormat)
        {
            return null;
        }

        var minRecoveryTimeline = UInt(bytes, At.MinRecoveryPointTimeline);
        return new ControlFile
        {
            SystemIdentifier = ULong(bytes, At.SystemIdentifier),
            PgControlVersion = layout.PgControlVersion,
            CatalogVersion = catalog,
            Major = major,
            State = (DBState)Int(bytes, At.State),
            Time = time,
            CheckPoint = Position(bytes, At.CheckPoint),
            CheckPointCopy = checkPoint,
            UnloggedLsn = Position(bytes, At.UnloggedLsn),
            MinRecoveryPoint = Position(bytes, At.MinRecoveryPoint),
            MinRecoveryPointTimeline = minRecoveryTimeline == 0 ? null : new Timeline(minRecoveryTimeline),
            BackupStartPoint = Position(bytes, At.BackupStartPoint),
            BackupEndPoint = Position(bytes, At.BackupEndPoint),
            BackupEndRequired = Bool(bytes, At.BackupEndRequired),
            WalLevel = (WalLevel)Int(bytes, At.WalLevel),
            WalLogHints = Bool(bytes, At.WalLogHints),
            MaxConnections = Int(bytes, At.MaxConnections),
            MaxWorkerProcesses = Int(bytes, At.MaxWorkerProcesses),
            MaxWalSenders = Int(bytes, At.MaxWalSenders),
            MaxPreparedTransactions = Int(bytes, At.MaxPreparedTransactions),
            MaxLocksPerTransaction = Int(bytes, At.MaxLocksPerTransaction),
            TrackCommitTimestamp = Bool(bytes, At.TrackCommitTimestamp),
            BlockSize = (int)blockSize,
            RelSegSize = UInt(bytes, At.RelSegSize),
            WalBlockSize = (int)walBlockSize,
            WalSegmentSize = new WalSegmentSize((int)walSegmentSize),
            DataChecksumVersion = UInt(bytes, At.DataChecksumVersion),
            DefaultCharSignedness =
                layout.DefaultCharSignedness is { } signedness ? Bool(bytes, signedness) : null,
        };
    }

    private static CheckPointCopy? DecodeCheckPoint(ReadOnlySpan<byte> bytes, ControlFileLayout layout)
    {
        var timeline = UInt(bytes, At.ThisTimeline);
        var prevTimeline = UInt(bytes, At.PrevTimeline);
        WalLevel? walLevel = layout.CheckPointWalLevel is { } at ? (WalLevel)Int(bytes, at) : null;
        if (timeline == 0 || prevTimeline == 0
            || (walLevel is { } level && !IsWalLevel((int)level))
            || !TryTime(bytes, At.CheckPointTime, out var time))
        {
            return null;
        }

        return new CheckPointCopy
        {
            Redo = Position(bytes, At.Redo),
            Timeline = new Timeline(timeline),
            PrevTimeline = new Timeline(prevTimeline),
            FullPageWrites = Bool(bytes, At.FullPageWrites),
            WalLevel = walLevel,
            NextXid = ULong(bytes, At.NextXid),
            NextOid = UInt(bytes, At.NextOid),
            NextMulti = UInt(bytes, At.NextMulti),
            NextMultiOffset = UInt(bytes, At.NextMultiOffset),
            OldestXid = UInt(bytes, At.OldestXid),
            OldestMulti = UInt(bytes, At.OldestMulti),
            Time = time,
            OldestActiveXid = UInt(bytes, At.OldestActiveXid),
        };
    }

    private static bool IsState(int value) => value is >= (int)DBState.Startup and <= (int)DBState.InProduction;

    private static bool IsWalLevel(int value) => value is >= (int)WalLevel.Minimal and <= (int)WalLevel.Logical;

    private static bool IsBlockSize(uint value) => value is >= 1 << 10 and <= 32 << 10 && BitOperations.IsPow2(value);

    private static bool IsWalBlockSize(uint value) =>
        value is >= 1 << 10 and <= 64 << 10 && BitOperations.IsPow2(value);

    private static bool TryTime(ReadOnlySpan<byte> bytes, int at, out DateTimeOffset time)
    {
        time = default;
        var seconds = BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
        if (seconds < DateTimeOffset.MinValue.ToUnixTimeSeconds()
            || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            return false;
        }

        time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }

    private static Lsn Position(ReadOnlySpan<byte> bytes, int at) => new(ULong(bytes, at));

    private static ulong ULong(ReadOnlySpan<byte> bytes, int at) =>
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private static uint UInt(ReadOnlySpan<byte> bytes, int at) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static int Int(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    private static bool Bool(ReadOnlySpan<byte> bytes, int at) => bytes[at] != 0;
}
