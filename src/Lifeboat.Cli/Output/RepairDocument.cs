namespace Lifeboat.Cli.Output;

/// <summary>What a repair of the index did.</summary>
/// <param name="IndexRun">The index run that was written; null when every pack was listed.</param>
/// <param name="Packs">The packs that it lists.</param>
internal sealed record RepairDocument(
    string? IndexRun, string[] Packs, long Frames, string[] Removed, DamageDocument[] Damage);
