using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>
/// The last bytes that are stored, which the server is asked to send once more: a copy of the server has the same system
/// identifier and timeline, and only its WAL tells that it is another.
/// </summary>
/// <param name="From">Position of the first byte.</param>
internal sealed record Overlap(Lsn From, ReadOnlyMemory<byte> Expected)
{
    /// <summary>What is sent again at most: enough to hold records of a server that does anything.</summary>
    internal const int MostBytes = 16 << 20;

    internal Lsn End => From + (ulong)Expected.Length;

    /// <summary>Compares what lies in the overlap, and returns how much of the bytes that was.</summary>
    /// <exception cref="LifeboatException">Conflict.</exception>
    internal int Compare(Lsn start, ReadOnlySpan<byte> bytes)
    {
        if (start >= End)
        {
            return 0;
        }

        var count = (int)Math.Min((ulong)bytes.Length, End - start);
        var same = start < From
            ? 0
            : Expected.Span.Slice((int)(start - From), count).CommonPrefixLength(bytes[..count]);
        return same == count
            ? count
            : throw new LifeboatException(new Failure(
                ErrorCode.Conflict,
                "receive WAL",
                $"the WAL at {start + (ulong)same}",
                "the server sends other bytes than are archived at this position; what is archived was left as it is",
                Hint: "This server is not the one whose WAL the lineage holds, though it has its system identifier: a copy. "
                    + "Check --connection; give a copy its own place with 'lifeboat adopt --as-new --cluster-dir DIR' on "
                    + "its host, or name its lineage with --lineage."));
    }
}
