namespace Lifeboat.Engine.Restore;

/// <summary>What a restore came to.</summary>
/// <param name="Lineage">The lineage that the restored copy was given.</param>
/// <param name="Warnings">What a person should know before the first start.</param>
public sealed record RestoreReport(
    RestorePlan Plan, long BytesWritten, TimeSpan Duration, string Lineage, IReadOnlyList<string> Warnings);
