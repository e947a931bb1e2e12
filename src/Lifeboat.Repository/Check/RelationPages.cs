using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Pages;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Repository.Check;

/// <summary>
/// Judges pages of relation files by PostgreSQL's own checksums. What the tags of a map vouch for is that a page is the one
/// that was read from the server; this tells whether it was whole there.
/// </summary>
public static class RelationPages
{
    /// <summary>The <see cref="PageJudge"/> that is used where no other is given.</summary>
    public static string? Judge(ReadOnlySpan<byte> page, string path, long blockInFile, ServerIdentity server)
    {
        if (!RelationFilePath.TryParse(path, out var relation))
        {
            return null;
        }

        var block = BlockInRelation(relation, blockInFile, server);
        if (block is < 0 or > uint.MaxValue)
        {
            // No relation is that long: a file with such a name is none of PostgreSQL's.
            return null;
        }

        return PageChecksum.Judge(page, (uint)block) switch
        {
            PageVerdict.ChecksumMismatch => "its checksum does not hold",
            PageVerdict.ImplausibleHeader => "its header is not one that PostgreSQL writes",
            PageVerdict.NewButNotZero => "it says that it was never initialised, but is not all zero",
            _ => null,
        };
    }

    /// <summary>Whether the pages of this file can be judged.</summary>
    internal static bool IsRelation(string path) => RelationFilePath.TryParse(path, out _);

    /// <summary>
    /// Why a page that does not hold is no damage of this backup; null when it is one. A page that the server wrote while
    /// it was being copied may be half old and half new. Its first write after the backup's start put a whole image of
    /// it into the WAL, and recovery replays that; such a page mostly carries an LSN from within the backup. An LSN
    /// outside (also one in the future, which garbage can have) excuses nothing.
    /// </summary>
    internal static string? Excuse(BackupManifest backup, string path, long blockInFile, Lsn lsn)
    {
        if (lsn >= backup.StartLsn && lsn <= backup.StopLsn)
        {
            return "it was written while it was copied, and recovery replaces it from WAL";
        }

        var isRelation = RelationFilePath.TryParse(path, out var relation);
        var blocks = isRelation
            ? new[] { blockInFile, BlockInRelation(relation, blockInFile, backup.Server) }
            : [blockInFile];
        if (blocks.Any(block => backup.DamagedPages.Contains($"{path}: block {block}", StringComparer.Ordinal)))
        {
            return "it was damaged on the server already, as the backup recorded";
        }

        if (backup.ChecksumErrors > backup.DamagedPages.Length)
        {
            return "it is probably one of those that were damaged on the server already, of which the backup names only "
                + "the first";
        }

        return isRelation && relation.File.Fork == ForkNumber.Fsm
            ? "PostgreSQL sets a free space map's page to zero when it does not hold, and fills it again"
            : null;
    }

    /// <summary>In 64 bits: names and manifests can say more than a relation can have.</summary>
    private static long BlockInRelation(RelationFilePath relation, long blockInFile, ServerIdentity server) =>
        ((long)relation.File.Segment * server.RelationSegmentBlocks) + blockInFile;

    /// <summary>Whether an excuse need not be told to anybody.</summary>
    internal static bool IsOrdinary(BackupManifest backup, Lsn lsn) => lsn >= backup.StartLsn && lsn <= backup.StopLsn;
}
