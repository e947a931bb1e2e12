using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// The tests by which what a service shows is believed: those that <see cref="ShellCommands"/> writes for a shell, made
/// by the program itself. What the service says over its socket is never believed, only waited for.
/// </summary>
/// <param name="repository">The directory of the repository that this call was told to use.</param>
public sealed class ServiceEvidence(IFileSystem files, ServicePlaces places, string repository)
{
    /// <summary>Whether the segment at its place in <c>pg_wal</c> is durable in the repository.</summary>
    public bool IsArchived(string name)
    {
        var shown = places.Acknowledgement(name);
        try
        {
            return SessionHolds()
                && files.StatTarget(places.Segment(name)) is { Kind: FileKind.Regular } segment
                && files.StatTarget(shown) is { } held && ServiceFolder.IsSame(segment, held)
                && files.Stat(ServicePlaces.Newer(shown)) is { } newer && segment.ModifiedNs < newer.ModifiedNs
                && files.Stat(ServicePlaces.Older(shown)) is { } older && segment.ModifiedNs > older.ModifiedNs
                && ObjectIsThere(shown)
                && files.Stat(ServicePlaces.Older(shown)) is not null;
        }
        catch (LifeboatException)
        {
            return false;
        }
    }

    /// <summary>Moves a segment that was brought ahead to where recovery wants it. False: fetch it in the exact way.</summary>
    /// <param name="destination">Within <c>pg_wal</c>.</param>
    public bool TryTake(string name, string destination)
    {
        try
        {
            if (!WalFileName.IsSegment(name) || !SessionHolds() || !ObjectIsThere(places.Spooled(name)))
            {
                return false;
            }

            files.Rename(places.Spooled(name), destination);
            return true;
        }
        catch (LifeboatException)
        {
            return false;
        }
    }

    private bool SessionHolds()
    {
        var marker = files.StatTarget(places.Marker) ?? files.StatTarget(places.Token);
        return marker is { } ours
            && files.StatTarget(places.Lineage) is { } held && ServiceFolder.IsSame(ours, held)
            && files.StatTarget(PosixPath.Combine(repository, ServicePlaces.RepositoryRecord)) is { } record
            && files.StatTarget(places.Repository) is { } theirs && ServiceFolder.IsSame(record, theirs);
    }

    private bool ObjectIsThere(string path) =>
        files.StatTarget(ServicePlaces.Object(path)) is { Kind: FileKind.Regular, Size: > 0 };
}
