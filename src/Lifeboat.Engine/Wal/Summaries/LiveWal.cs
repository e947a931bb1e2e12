using Lifeboat.Engine.Files;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Engine.Wal.Summaries;

/// <summary>The WAL that a server still has.</summary>
/// <param name="Directory">Its pg_wal.</param>
/// <param name="Flushed">Up to where it is durable there: pg_current_wal_flush_lsn().</param>
public sealed record LiveWal(IFileSystem Files, string Directory, Lsn Flushed)
{
    /// <summary>
    /// The segment as the server has it; null when there is no file of this name, and when it holds another segment's WAL,
    /// or none yet, or was given another name meanwhile.
    /// </summary>
    /// <param name="systemIdentifier">That its first page must have; null for any.</param>
    /// <exception cref="LifeboatException">Errors of the file system.</exception>
    internal byte[]? Read(WalSegmentName name, ulong? systemIdentifier)
    {
        var path = PosixPath.Combine(Directory, name.ToString());
        try
        {
            if (Files.Stat(path) is null)
            {
                return null;
            }

            var content = WholeFile.Read(Files, path, name.Size.Bytes);
            return WalSegmentHeader.Inspect(content, out var header) is null
                && header.Contradicts(name, systemIdentifier) is null
                    ? content
                    : null;
        }
        catch (LifeboatException vanished) when (vanished.Code == ErrorCode.NotFound)
        {
            return null;
        }
    }
}
