namespace Lifeboat.Repository.Check.Immutable;

/// <summary>What a check of the locks showed, with the credentials that it ran with.</summary>
/// <param name="Tried">Each attack on the canary, and how the store took it.</param>
/// <param name="Objects">Objects that are to be locked.</param>
/// <param name="Sampled">Of each kind, how many locks were asked for.</param>
/// <param name="Overlaid">Objects over which another version or a deletion marker was put; readers are shown the first version.</param>
/// <param name="EarliestEnd">The earliest end of the locks that were asked for; null when none was.</param>
/// <param name="Findings">What gave way or is not locked as promised. Empty: the locks hold.</param>
/// <param name="Warnings">What a person should look at.</param>
public sealed record ImmutabilityReport(
    IReadOnlyList<string> Tried,
    long Objects,
    IReadOnlyDictionary<string, int> Sampled,
    IReadOnlyList<string> Overlaid,
    DateTimeOffset? EarliestEnd,
    IReadOnlyList<string> Findings,
    IReadOnlyList<string> Warnings);
