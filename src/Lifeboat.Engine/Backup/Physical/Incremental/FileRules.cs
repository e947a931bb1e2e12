using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical.Incremental;

/// <summary>
/// Decides for each file how an incremental backup takes it. What block references in WAL do not cover is read and compared
/// (docs/decisions/0034).
/// </summary>
/// <param name="control">Of the server, after the backup was begun.</param>
/// <param name="changes">Between the starts of the two backups; null when that is not known.</param>
internal sealed class FileRules(ControlFile control, WalChanges? changes)
{
    /// <summary>Above this share of listed blocks a file is read in one go.</summary>
    private const double MostListed = 0.9;

    /// <summary>Whether changes of hint bits are told by WAL, so that a file without a record is not written to.</summary>
    private readonly bool _hintsAreLogged = control.HasDataChecksums || control.WalLogHints;

    /// <param name="parent">What the parent says of a file of this path; null for nothing.</param>
    internal FileDecision Decide(SourceEntry entry, FileFacts? parent)
    {
        // WAL of a truncation behind the start of this backup shortens the file too; what the parent has behind is dead.
        if (parent is null || parent.Kind != entry.Kind || entry.Status.Size < parent.Length)
        {
            return new FileDecision(FileTreatment.Anew);
        }

        if (entry.Kind != MapFileKind.Regular)
        {
            return new FileDecision(FileTreatment.Unchanged);
        }

        if (changes is null || !RelationFilePath.TryParse(entry.Path, out var path) || path.File.IsTemporary)
        {
            return new FileDecision(FileTreatment.Compare);
        }

        var relation = new RelFileLocator(path.Tablespace, path.Database, path.File.RelFileNumber);
        return path.File.Fork == ForkNumber.Main
            ? DecideMain(entry, parent, relation, path.FirstBlock(control.RelSegSize))
            : new FileDecision(
                !changes.Touches(relation) && entry.IsAs(parent) ? FileTreatment.Unchanged : FileTreatment.Compare);
    }

    private FileDecision DecideMain(SourceEntry entry, FileFacts parent, RelFileLocator relation, uint firstBlock)
    {
        var (size, block) = (entry.Status.Size, control.BlockSize);
        if (size % block != 0 || parent.Length % block != 0 || size > control.RelSegSize * (long)block
            || entry.Status.Inode != parent.Inode
            || changes!.Databases.Contains(new DatabaseDirectory(relation.Tablespace, relation.Database)))
        {
            return new FileDecision(FileTreatment.Compare);
        }

        var fork = changes.Find(new RelationForkName(relation, RelationFork.Main));
        if (fork is null)
        {
            return !_hintsAreLogged || entry.IsAs(parent)
                ? new FileDecision(size == parent.Length ? FileTreatment.Unchanged : FileTreatment.Listed, firstBlock)
                : new FileDecision(FileTreatment.Compare);
        }

        if (fork.Limit <= firstBlock + control.RelSegSize)
        {
            return new FileDecision(FileTreatment.Compare);
        }

        var blocks = size / block;
        var listed = fork.Blocks.RangesWithin(new BlockRange(firstBlock, (uint)blocks)).Sum(range => (long)range.Count);
        return listed == 0 && size == parent.Length ? new FileDecision(FileTreatment.Unchanged)
            : listed > MostListed * blocks ? new FileDecision(FileTreatment.Compare)
            : new FileDecision(FileTreatment.Listed, firstBlock, fork);
    }
}
