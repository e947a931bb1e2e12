using Lifeboat.Engine.Windows;

namespace Lifeboat.Cli.Output;

/// <summary>How much would be lost if the server were lost now.</summary>
/// <param name="Seconds">
/// Age of the last commit that can be recovered; 0 when the server has no later one. Null when nothing can be recovered.
/// </param>
/// <param name="Exact">Whether the server's own WAL was looked at; otherwise no more than this is lost.</param>
/// <param name="Note">What is not known, and what would tell; empty when all is known.</param>
/// <param name="NotArchived">What the server has and the archive has not; null when it was not looked at.</param>
internal sealed record RpoDocument(double? Seconds, bool Exact, string Note, NotArchivedDocument? NotArchived)
{
    private const string Hint =
        "the server was not asked: it may have committed nothing since, or until now. --connection or --cluster-dir tells";

    /// <param name="lastKnown">Of the last commit that can be recovered.</param>
    /// <param name="problem">Why the server could not be asked; null when it was, or was not to be.</param>
    public static RpoDocument Of(DateTimeOffset? lastKnown, DateTimeOffset now, LiveTail? tail, string? problem)
    {
        var age = lastKnown is { } known ? Math.Round(Math.Max(0, (now - known).TotalSeconds), 3) : (double?)null;
        return tail switch
        {
            _ when age is null => new(null, true, "", null),
            null => new(age, false, problem ?? Hint, null),
            { Commits: null } => new(age, false, tail.Unknown, NotArchivedDocument.Of(tail)),
            { Commits: 0 } => new(0, true, "", NotArchivedDocument.Of(tail)),
            _ => new(age, true, "", NotArchivedDocument.Of(tail)),
        };
    }
}

/// <param name="From">Where the archive ends.</param>
/// <param name="To">How far the server's WAL was read.</param>
/// <param name="Commits">Null when it cannot be told.</param>
internal sealed record NotArchivedDocument(
    string From, string To, ulong Bytes, long? Commits, DateTimeOffset? FirstCommit, DateTimeOffset? LastCommit)
{
    public static NotArchivedDocument Of(LiveTail tail) => new(
        tail.From.ToString(), tail.To.ToString(), tail.Bytes, tail.Commits, tail.FirstCommit, tail.LastCommit);
}

/// <summary>A commit that was made to see it arrive.</summary>
/// <param name="Seconds">Until it was durable in the archive.</param>
internal sealed record HeartbeatDocument(string Lsn, double Seconds);
