using Lifeboat.Engine.Restore.Delta;
using Lifeboat.Platform.Files;

namespace Lifeboat.Cli.Output;

/// <summary>What a restore in place does to what is there. Paths are relative to the data directory.</summary>
/// <param name="FilesCompared">Files of which only what differs is written.</param>
/// <param name="Removed">What is not in the backup; the first thousand of it.</param>
/// <param name="RemovedCount">All of it.</param>
/// <param name="WalFiles">Files of pg_wal that are kept.</param>
/// <param name="WalKeptIn">Where; null when there are none.</param>
/// <param name="Words">The same for people.</param>
internal sealed record DeltaDocument(
    int FilesCompared,
    string[] Removed,
    int RemovedCount,
    int WalFiles,
    string? WalKeptIn,
    string[] Words)
{
    private const int MostRemoved = 1000;

    public static DeltaDocument? Of(DeltaPlan? plan) => plan is null ? null : new DeltaDocument(
        plan.Compared.Count,
        [.. plan.Lost.Take(MostRemoved).Select(removal => PosixPath.Display(removal.Path))],
        plan.Lost.Count,
        plan.Wal.Count,
        plan.WalFolder,
        [.. DeltaWords.Of(plan)]);
}
