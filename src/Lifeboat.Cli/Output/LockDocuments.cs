using Lifeboat.Repository.Check.Immutable;
using Lifeboat.Repository.Locks;

namespace Lifeboat.Cli.Output;

/// <summary>What <c>lock renew</c> did.</summary>
internal sealed record LockRenewDocument(LockRenewedCluster[] Clusters);

/// <param name="Renewed">False: it had been done in this epoch already, and the locks that were asked for are as it left them.</param>
/// <param name="LockedUntil">Until when everything that is needed is locked at least.</param>
/// <param name="Extended">Objects whose lock was extended by this call.</param>
/// <param name="NextAt">When the next renewal is due.</param>
internal sealed record LockRenewedCluster(
    string Cluster,
    bool Renewed,
    DateTimeOffset LockedUntil,
    long Objects,
    long Extended,
    int Sampled,
    DateTimeOffset NextAt,
    string[] Failures)
{
    public static LockRenewedCluster Of(RenewalReport report) => new(
        report.Cluster,
        report.Renewed,
        report.Until,
        report.Objects,
        report.Extended,
        report.Sampled,
        report.NextAt,
        [.. report.Failures]);
}

/// <summary>What <c>check --immutable</c> showed.</summary>
/// <param name="Immutable">Whether nothing gave way.</param>
/// <param name="Tried">Each attack on the canary, and how the store took it.</param>
/// <param name="Sampled">Of each kind of object, how many locks were asked for.</param>
/// <param name="Overlaid">Objects that somebody put another version over, or a deletion marker.</param>
/// <param name="EarliestEnd">Of the locks that were asked for.</param>
internal sealed record ImmutableDocument(
    bool Immutable,
    LockDocument? Lock,
    string[] Tried,
    long Objects,
    Dictionary<string, int> Sampled,
    DateTimeOffset? EarliestEnd,
    string[] Overlaid,
    string[] Findings,
    string[] Warnings)
{
    public static ImmutableDocument Of(LockDocument? locks, ImmutabilityReport report) => new(
        report.Findings.Count == 0,
        locks,
        [.. report.Tried],
        report.Objects,
        new Dictionary<string, int>(report.Sampled),
        report.EarliestEnd,
        [.. report.Overlaid],
        [.. report.Findings],
        [.. report.Warnings]);
}
