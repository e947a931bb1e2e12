namespace Lifeboat.Platform.Errors;

/// <summary>
/// The one table of exit codes; <c>docs/operating/exit-codes.md</c> repeats it for people and a test holds the two
/// together. Codes above 125 have a meaning to PostgreSQL's archiver and recovery and are used only by
/// <c>wal fetch</c>, on purpose.
/// </summary>
public static class ExitCodes
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary><c>wal fetch</c>: the repository is sure that it does not hold the file.</summary>
    public const int Absent = 20;

    /// <summary><c>wal fetch</c> in a recovery: it could not be told whether the file exists; recovery must not end.</summary>
    public const int CannotTell = 126;

    public static int Of(ErrorCode code) => code switch
    {
        ErrorCode.Failed => Failed,
        ErrorCode.Usage => Usage,
        ErrorCode.NotFound => 3,
        ErrorCode.Damaged => 4,
        ErrorCode.WrongKey => 5,
        ErrorCode.StoreUnavailable => 6,
        ErrorCode.NoSpace => 7,
        ErrorCode.ServerUnavailable => 8,
        ErrorCode.Denied => 9,
        ErrorCode.Mismatch => 10,
        ErrorCode.TargetUnreachable => 11,
        ErrorCode.TargetNotEmpty => 12,
        ErrorCode.Conflict => 13,
        ErrorCode.WalMissing => 14,
        ErrorCode.UnknownFormat => 15,
        ErrorCode.Cancelled => 16,
        ErrorCode.NotImmutable => 17,
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, message: null),
    };
}
