namespace Lifeboat.Postgres.Format.Control;

/// <summary>
/// PG_CONTROL_VERSION 1300: majors 13 to 16. The offsets that later versions share are here, each chained to the one
/// before it; paddings are those of the C compiler on 64-bit machines.
/// </summary>
internal static class ControlFileLayout13
{
    public const uint PgControlVersion = 1300;

    public const int SystemIdentifier = 0;
    public const int State = ControlFileLayout.CatalogVersionOffset + sizeof(uint);
    public const int Time = State + sizeof(int) + sizeof(int);
    public const int CheckPoint = Time + sizeof(long);

    // checkPointCopy (struct CheckPoint)
    public const int Redo = CheckPoint + sizeof(ulong);
    public const int ThisTimeline = Redo + sizeof(ulong);
    public const int PrevTimeline = ThisTimeline + sizeof(uint);
    public const int FullPageWrites = PrevTimeline + sizeof(uint);
    public const int NextXid = FullPageWrites + sizeof(int) + sizeof(int);
    public const int NextOid = NextXid + sizeof(ulong);
    public const int NextMulti = NextOid + sizeof(uint);
    public const int NextMultiOffset = NextMulti + sizeof(uint);
    public const int OldestXid = NextMultiOffset + sizeof(uint);
    public const int OldestXidDb = OldestXid + sizeof(uint);
    public const int OldestMulti = OldestXidDb + sizeof(uint);
    public const int OldestMultiDb = OldestMulti + sizeof(uint);
    public const int CheckPointTime = OldestMultiDb + sizeof(uint) + sizeof(int);
    public const int OldestCommitTsXid = CheckPointTime + sizeof(long);
    public const int NewestCommitTsXid = OldestCommitTsXid + sizeof(uint);
    public const int OldestActiveXid = NewestCommitTsXid + sizeof(uint);

    public const int UnloggedLsn = OldestActiveXid + sizeof(uint) + sizeof(int);
    public const int MinRecoveryPoint = UnloggedLsn + sizeof(ulong);
    public const int MinRecoveryPointTimeline = MinRecoveryPoint + sizeof(ulong);
    public const int BackupStartPoint = MinRecoveryPointTimeline + sizeof(uint) + sizeof(int);
    public const int BackupEndPoint = BackupStartPoint + sizeof(ulong);
    public const int BackupEndRequired = BackupEndPoint + sizeof(ulong);
    public const int WalLevel = BackupEndRequired + sizeof(int);
    public const int WalLogHints = WalLevel + sizeof(int);
    public const int MaxConnections = WalLogHints + sizeof(int);
    public const int MaxWorkerProcesses = MaxConnections + sizeof(int);
    public const int MaxWalSenders = MaxWorkerProcesses + sizeof(int);
    public const int MaxPreparedTransactions = MaxWalSenders + sizeof(int);
    public const int MaxLocksPerTransaction = MaxPreparedTransactions + sizeof(int);
    public const int TrackCommitTimestamp = MaxLocksPerTransaction + sizeof(int);
    public const int MaxAlign = TrackCommitTimestamp + sizeof(int);
    public const int FloatFormat = MaxAlign + sizeof(uint);
    public const int BlockSize = FloatFormat + sizeof(double);
    public const int RelSegSize = BlockSize + sizeof(uint);
    public const int WalBlockSize = RelSegSize + sizeof(uint);
    public const int WalSegmentSize = WalBlockSize + sizeof(uint);
    public const int NameDataLength = WalSegmentSize + sizeof(uint);
    public const int IndexMaxKeys = NameDataLength + sizeof(uint);
    public const int ToastMaxChunkSize = IndexMaxKeys + sizeof(uint);
    public const int LargeObjectBlockSize = ToastMaxChunkSize + sizeof(uint);
    public const int Float8ByValue = LargeObjectBlockSize + sizeof(uint);
    public const int DataChecksumVersion = Float8ByValue + sizeof(int);

    /// <summary>The first byte behind what all known versions have in common.</summary>
    public const int SharedEnd = DataChecksumVersion + sizeof(uint);

    public static readonly ControlFileLayout Layout = new(
        PgControlVersion,
        CheckPointWalLevel: null,
        DefaultCharSignedness: null,
        MockAuthenticationNonce: SharedEnd,
        Crc: SharedEnd + ControlFileLayout.MockAuthenticationNonceLength);
}
