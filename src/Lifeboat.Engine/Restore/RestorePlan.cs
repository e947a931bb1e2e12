using Lifeboat.Engine.Restore.Delta;
using Lifeboat.Engine.Targets;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Restore;

/// <summary>What a restore will do; <c>--dry-run</c> prints it, and the restore carries out just this.</summary>
/// <param name="Files">Regular files to write.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="Entries">Directories, files and links in the order of the map, without their extents.</param>
/// <param name="Tablespaces">Where each tablespace will be, by oid.</param>
/// <param name="Warnings">What a person should read before it is carried out.</param>
/// <param name="FreeBytes">Bytes free where the directory is to be.</param>
public sealed record RestorePlan(
    RestoreRequest Request,
    ResolvedTarget Target,
    long Files,
    long Bytes,
    IReadOnlyList<(string Path, FileFacts Facts)> Entries,
    IReadOnlyDictionary<uint, string> Tablespaces,
    long FreeBytes,
    IReadOnlyList<string> Warnings)
{
    /// <summary>What becomes of what is there; null for a directory that is empty or not there.</summary>
    public DeltaPlan? Delta { get; init; }
}
