using Lifeboat.Engine.Backup.Physical.Incremental;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>What a copy of a data directory came to: the parts of a manifest that it decides.</summary>
/// <param name="Base">What it was laid over.</param>
internal sealed record CopiedFiles(
    IncrementalBase Base,
    Id128[] MapRuns,
    Id128? IndexRun,
    BackupSizes Sizes,
    TablespaceFacts[] Tablespaces,
    long ChecksumErrors,
    string[] DamagedPages);
