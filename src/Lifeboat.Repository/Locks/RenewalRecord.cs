namespace Lifeboat.Repository.Locks;

/// <summary>In this epoch everything that was not condemned has been locked for longer.</summary>
/// <param name="Epoch">Its number.</param>
/// <param name="Until">Until when everything is locked at least that was there.</param>
/// <param name="Objects">Objects that were looked at.</param>
/// <param name="Extended">Objects whose lock was extended.</param>
/// <param name="At">When the look began.</param>
public sealed record RenewalRecord(
    long Epoch, DateTimeOffset Until, long Objects, long Extended, string Host, DateTimeOffset At);

/// <summary>What a renewal did.</summary>
/// <param name="Renewed">False: this epoch's renewal had been already, and locks taken at random were as it says.</param>
/// <param name="Until">Until when everything that is needed is locked at least.</param>
/// <param name="Objects">Objects that are to be locked.</param>
/// <param name="Extended">Objects whose lock was extended now.</param>
/// <param name="Sampled">Locks that were asked for.</param>
/// <param name="NextAt">When the next renewal is due.</param>
/// <param name="Failures">Objects that could not be locked for long enough, and why.</param>
public sealed record RenewalReport(
    string Cluster,
    bool Renewed,
    DateTimeOffset Until,
    long Objects,
    long Extended,
    int Sampled,
    DateTimeOffset NextAt,
    IReadOnlyList<string> Failures);
