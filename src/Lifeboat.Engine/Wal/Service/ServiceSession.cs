using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// A stretch of a service's life during which the server's lineage and the repository stay the same. What others
/// may believe of the service they believe through links into its open files (<c>/proc/PID/fd</c>): these lead nowhere
/// once the process has ended, however it ended.
/// </summary>
/// <remarks>
/// Three things are held open: the marker <c>lifeboat.lineage</c> (or, where there is none, the session's token), the
/// record of the repository, and each segment that is acknowledged. Who compares the file at its usual path with the
/// file behind the link learns that the service lives, and that the path still leads to what it works with.
/// </remarks>
public sealed class ServiceSession : IDisposable
{
    private readonly IFileSystem _files;
    private readonly ServiceFolder _folder;
    private readonly IFile _token;
    private readonly IFile? _marker;
    private readonly FileStatus? _markerStatus;
    private readonly IFile? _record;
    private readonly Lock _lock = new();
    private bool _showsFailing;
    private bool _ended;

    private ServiceSession(
        IFileSystem files, ServiceFolder folder, Cluster cluster, ServerLineage server, IFile? marker, IFile? record,
        string? localRepository)
    {
        _files = files;
        _folder = folder;
        _marker = marker;
        _markerStatus = marker?.Status();
        _record = record;
        Cluster = cluster;
        Server = server;
        LocalRepository = localRepository;
        ServiceFolder.Remove(files, Places.Token);
        _token = files.Create(Places.Token);
    }

    public Cluster Cluster { get; }

    public ServerLineage Server { get; }

    /// <summary>The repository's directory; null for a store that is no directory, for which nothing is shown.</summary>
    public string? LocalRepository { get; }

    public ServicePlaces Places => _folder.Places;

    /// <summary>Whether a shell can follow the links: it needs /proc, and the service to be of the server's user.</summary>
    public bool IsShown { get; private set; }

    internal IFileSystem Files => _files;

    /// <param name="cluster">Just opened from <paramref name="localRepository"/>.</param>
    /// <exception cref="LifeboatException">The marker is damaged or of another cluster; errors of the files.</exception>
    public static async ValueTask<ServiceSession> BeginAsync(
        IFileSystem files,
        ServiceFolder folder,
        Cluster cluster,
        string? localRepository,
        CancellationToken cancellationToken)
    {
        var places = folder.Places;
        folder.Clean();
        IFile? marker = null;
        IFile? record = null;
        try
        {
            marker = OpenIfThere(files, places.Marker);
            var server = await ServerLineage.ResolveAsync(cluster, files, places.DataDirectory);
            record = localRepository is null
                ? null
                : files.OpenRead(PosixPath.Combine(localRepository, ServicePlaces.RepositoryRecord));
            var session = new ServiceSession(files, folder, cluster, server, marker, record, localRepository);
            try
            {
                // The record that is held was opened after the cluster was read; that they belong together shows now.
                await session.RequireSameClusterAsync(cancellationToken);
                session.Show();
                return session;
            }
            catch
            {
                session.Dispose();
                throw;
            }
        }
        catch
        {
            marker?.Dispose();
            record?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether data directory, lineage and repository are still those of the session. A repository that is away may come
    /// back; one that has another's place ends the session.
    /// </summary>
    public bool IsCurrent() =>
        // Times as well as inode: a marker that is edited in place counts as another one.
        _folder.IsInPlace() && _files.StatTarget(Places.Marker) == _markerStatus && RecordIsInPlace(orAway: true);

    /// <summary>
    /// Fails unless the repository at its place is the one of this session: objects that were put with the keys of a
    /// repository that is gone are worth nothing, however durable they are.
    /// </summary>
    /// <exception cref="LifeboatException">Mismatch, or what opening the cluster fails with.</exception>
    public async ValueTask RequireSameClusterAsync(CancellationToken cancellationToken)
    {
        var now = await Cluster.OpenAsync(Cluster.Repository, Cluster.Name, cancellationToken);
        if (now.Id != Cluster.Id || !RecordIsInPlace(orAway: false))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Mismatch,
                "serve",
                Cluster.Store.Location,
                "another repository has taken the place of the one that was opened",
                Transient: true,
                Hint: "The service opens it anew by itself."));
        }
    }

    /// <summary>
    /// Whether the archiver's shell is to wait for segments that are not acknowledged yet: while pushing fails it should
    /// turn to the program at once, which says what is wrong.
    /// </summary>
    public void ShowPushing(bool succeeds)
    {
        lock (_lock)
        {
            if (_ended || !IsShown || succeeds != _showsFailing)
            {
                return;
            }

            ServiceFolder.Remove(_files, Places.Failing);
            if (!succeeds)
            {
                using var mark = _files.Create(Places.Failing);
                mark.Close();
            }

            _showsFailing = !succeeds;
        }
    }

    /// <summary>Ends all vouching. What is held open is closed afterwards: a closed number could come to mean another
    /// file.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            if (_folder.IsInPlace())
            {
                _folder.Clean();
            }
        }

        _token.Dispose();
        _marker?.Dispose();
        _record?.Dispose();
    }

    /// <summary>The link's target by which others reach the open file.</summary>
    internal static string LinkTo(IFile file) => $"/proc/{Environment.ProcessId}/fd/{file.Descriptor}";

    private bool RecordIsInPlace(bool orAway)
    {
        if (_record is null)
        {
            return true;
        }

        try
        {
            return _files.StatTarget(PosixPath.Combine(LocalRepository!, ServicePlaces.RepositoryRecord)) is { } found
                ? ServiceFolder.IsSame(found, _record.Status())
                : orAway;
        }
        catch (FileSystemException) when (orAway)
        {
            return true;
        }
    }

    private void Show()
    {
        _files.CreateDirectory(Places.Acknowledgements);
        _files.CreateDirectory(Places.Spool);
        if (_record?.Descriptor is null || (_marker ?? _token).Descriptor is null)
        {
            return;
        }

        _files.CreateSymbolicLink(LinkTo(_record), Places.Repository);
        _files.CreateSymbolicLink(LinkTo(_marker ?? _token), Places.Lineage);
        IsShown = LeadsTo(Places.Lineage, _marker ?? _token);
    }

    private bool LeadsTo(string link, IFile file)
    {
        try
        {
            return _files.StatTarget(link) is { } found && ServiceFolder.IsSame(found, file.Status());
        }
        catch (FileSystemException)
        {
            return false;
        }
    }

    private static IFile? OpenIfThere(IFileSystem files, string path)
    {
        try
        {
            return files.OpenRead(path);
        }
        catch (FileSystemException failure) when (failure.IsMissing)
        {
            return null;
        }
    }
}
