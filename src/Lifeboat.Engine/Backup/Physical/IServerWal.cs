using Lifeboat.Postgres.Format;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>The WAL that the server of a backup still has, beside what is archived of it.</summary>
internal interface IServerWal
{
    /// <summary>
    /// Archives those of the histories among these files that the server has, and takes them out of the list: the archiver
    /// delivers a history once, at the promotion, and a server that was promoted before it archived to this place would be
    /// waited for in vain.
    /// </summary>
    Task PushHistoriesAsync(List<string> missing, CancellationToken cancellationToken);

    /// <summary>Archives these files; for a server that does not do it itself.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">The server has one of them no more, or the store fails.</exception>
    Task PushAsync(IReadOnlyList<string> files, CancellationToken cancellationToken);

    /// <summary>Whether what is archived of a segment is what this server wrote; true where it has the segment no more.</summary>
    /// <param name="stop">In the segment or at its end: what the server wrote behind it is not compared.</param>
    Task<bool> IsOwnAsync(WalSegmentName segment, Lsn stop, WalObject archived, CancellationToken cancellationToken);
}
