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
    bool? ClusterCreated);
