using Lifeboat.Repository;
using Lifeboat.Repository.Retention;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Cli.Output;

/// <summary>What <c>init</c> did.</summary>
/// <param name="Created">Whether the repository was made now.</param>
/// <param name="KeyFileCreated">The key file that was made now; null when none was.</param>
/// <param name="Cluster">The cluster asked for; null when none was.</param>
internal sealed record InitDocument(
    string Repository,
    string Id,
    bool Created,
    bool Encrypted,
    string? KeyFileCreated,
    string? Cluster,
    bool? ClusterCreated,
    LockDocument? Lock);

/// <summary>How the objects of a repository are locked.</summary>
/// <param name="Duration">At least so long at any time: <c>30d</c>.</param>
/// <param name="Mode">governance or compliance.</param>
internal sealed record LockDocument(string Duration, double DurationSeconds, string Mode)
{
    public static LockDocument? Of(RepositoryRoot repository) => repository.Terms is { } terms
        ? new LockDocument(RetentionAge.Text(terms.Duration), terms.Duration.TotalSeconds, LockTerms.Word(terms.Mode))
        : null;
}
