namespace Lifeboat.Postgres.Format.Wal;

/// <summary>Why <see cref="WalRecordReader.TryRead"/> gives no record.</summary>
public enum WalReaderState
{
    /// <summary>What was supplied is used up: supply what follows.</summary>
    NeedsMore,

    /// <summary>
    /// Nothing was written from here on: zeros, or the leavings of a segment that was used before. A record that is
    /// still
    /// unfinished here was never finished: <see cref="WalRecordReader.Position"/> is its beginning.
    /// </summary>
    EndOfWal,

    /// <summary>What stands here is not what PostgreSQL writes. Replay would end here too.</summary>
    Unreadable,
}

/// <param name="CheckCrc">Whether each record's CRC-32C is compared. Only for who has compared it before.</param>
/// <param name="Start">
/// The record to begin with: its LSN, in the first memory supplied. Null for the first that begins there at all.
/// </param>
/// <param name="SystemIdentifier">What every segment must carry; null for whatever the first one carries.</param>
public readonly record struct WalReaderOptions(
    bool CheckCrc = true, Lsn? Start = null, ulong? SystemIdentifier = null)
{
    /// <summary>CRCs compared, from the first record on.</summary>
    public static readonly WalReaderOptions Default = new(CheckCrc: true);
}
