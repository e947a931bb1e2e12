using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Engine.Lineages;

/// <summary>Where a server lives; two places that differ in any part are two servers.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Directory">The data directory, links resolved.</param>
/// <param name="Inode">Of the data directory: a copy that took its source's path has another.</param>
public sealed record ServerPlace(string Host, string Directory, ulong Inode)
{
    /// <param name="host">The host's name; null for this machine's.</param>
    /// <exception cref="LifeboatException">NotFound when there is no such directory.</exception>
    public static ServerPlace Of(IFileSystem files, string dataDirectory, string? host = null)
    {
        var path = files.RealPath(dataDirectory);
        var status = files.Stat(path);
        return status is { Kind: FileKind.Directory } directory
            ? new ServerPlace(host ?? Environment.MachineName, path, directory.Inode)
            : throw new LifeboatException(new Failure(
                ErrorCode.NotFound,
                "look at the data directory",
                PosixPath.Display(path),
                "it is no directory",
                Hint: "Check --cluster-dir."));
    }

    public ClaimRecord ToClaim(Id128 lineage, Timeline timeline) => new(lineage, timeline, Host, Directory, Inode);
}
