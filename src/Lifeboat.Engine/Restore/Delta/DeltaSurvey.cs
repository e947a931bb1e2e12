using Lifeboat.Platform.Files;
using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Restore.Delta;

/// <summary>
/// Goes through a data directory and says what of it stays, what goes, and which WAL is kept. Links are never followed, but
/// for pg_wal and for tablespaces that stay where they are; in these only this version's folder is looked at.
/// </summary>
internal sealed class DeltaSurvey
{
    internal const string WalDirectory = "pg_wal";
    private const string ArchiveStatus = "archive_status";
    private const string KeptPrefix = "lifeboat.kept-";

    private readonly IFileSystem _files;
    private readonly string _root;
    private readonly HashSet<string> _made;
    private readonly IReadOnlyDictionary<uint, string> _tablespaces;
    private readonly Dictionary<string, MapFileKind> _wanted;
    private readonly HashSet<string> _insides;
    private readonly string _version;
    private readonly Dictionary<string, long> _compared = new(StringComparer.Ordinal);
    private readonly HashSet<string> _directories = new(StringComparer.Ordinal);
    private readonly HashSet<string> _links = new(StringComparer.Ordinal);
    private readonly List<DeltaRemoval> _removed = [];
    private readonly List<string> _wal = [];

    private DeltaSurvey(
        IFileSystem files,
        string root,
        BackupManifest backup,
        IReadOnlyList<(string Path, FileFacts Facts)> entries,
        IReadOnlyDictionary<uint, string> tablespaces)
    {
        _files = files;
        _root = root;
        _made = RecoveryFiles.MadeOf(backup);
        _tablespaces = tablespaces;
        _wanted = entries.Where(entry => entry.Facts.Kind != MapFileKind.Regular
                || !_made.Contains(entry.Path))
            .ToDictionary(entry => entry.Path, entry => entry.Facts.Kind, StringComparer.Ordinal);
        _insides = [.. tablespaces
            .Where(place => TablespacePlaces.IsHere(files, root, place.Key, place.Value))
            .Select(place => files.RealPath(place.Value))];
        _version = new TablespaceVersionDirectory(backup.Server.Major, backup.Server.CatalogVersion).ToString();
    }

    /// <param name="entries">Of the backup.</param>
    /// <param name="tablespaces">Where each tablespace will be.</param>
    internal static DeltaPlan Run(
        IFileSystem files,
        string root,
        BackupManifest backup,
        IReadOnlyList<(string Path, FileFacts Facts)> entries,
        IReadOnlyDictionary<uint, string> tablespaces,
        TimeProvider time)
    {
        var survey = new DeltaSurvey(files, root, backup, entries, tablespaces);
        survey.Directory("", root);
        var folder = survey._wal.Count == 0
            ? null
            : $"{WalDirectory}/{KeptPrefix}{time.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}";
        return new DeltaPlan(
            survey._compared, survey._directories, survey._links, survey._removed, survey._wal, folder);
    }

    private void Directory(string path, string full)
    {
        foreach (var entry in _files.List(full))
        {
            var name = PosixPath.Combine(path, entry.Name);
            if (name != DeltaMark.Name)
            {
                Judge(name, PosixPath.Combine(full, entry.Name), entry.Kind);
            }
        }
    }

    private void Judge(string path, string full, FileKind kind)
    {
        switch (_wanted.TryGetValue(path, out var wanted) ? wanted : (MapFileKind?)null)
        {
            case MapFileKind.Regular when kind == FileKind.Regular:
                _compared.Add(path, _files.Stat(full)?.Size ?? 0);
                break;
            case MapFileKind.Directory when path == WalDirectory && IsDirectory(full):
                _directories.Add(path);
                Wal(path, full);
                break;
            case MapFileKind.Directory when kind == FileKind.Directory:
                _directories.Add(path);
                // A tablespace within the data directory is looked at by its link.
                if (!_insides.Contains(_files.RealPath(full)))
                {
                    Directory(path, full);
                }

                break;
            case MapFileKind.TablespaceLink when kind == FileKind.SymbolicLink && LeadsToItsPlace(path):
                _links.Add(path);
                Tablespace(path, full);
                break;
            default:
                Remove(path, full, kind);
                break;
        }
    }

    private bool IsDirectory(string full) => _files.StatTarget(full) is { Kind: FileKind.Directory };

    private bool LeadsToItsPlace(string path) =>
        uint.TryParse(PosixPath.Name(path), out var oid) && _tablespaces.TryGetValue(oid, out var place)
        && TablespacePlaces.IsHere(_files, _root, oid, place);

    /// <summary>What other versions and other clusters have in the same place is not this restore's.</summary>
    private void Tablespace(string path, string full)
    {
        var name = PosixPath.Combine(path, _version);
        var folder = PosixPath.Combine(full, _version);
        if (_files.Stat(folder) is { } status)
        {
            Judge(name, folder, status.Kind);
        }
    }

    /// <summary>Segments may be here alone, so that none is removed; what else is here can be made anew.</summary>
    private void Wal(string path, string full)
    {
        foreach (var entry in _files.List(full))
        {
            var (name, place) = (PosixPath.Combine(path, entry.Name), PosixPath.Combine(full, entry.Name));
            if (entry.Kind == FileKind.Regular)
            {
                _wal.Add(entry.Name);
            }
            else if (entry.Kind == FileKind.Directory && _wanted.ContainsKey(name))
            {
                _directories.Add(name);
                foreach (var inside in _files.List(place))
                {
                    if (entry.Name == ArchiveStatus && inside.Kind == FileKind.Regular)
                    {
                        _wal.Add(PosixPath.Combine(entry.Name, inside.Name));
                    }
                    else
                    {
                        Remove(PosixPath.Combine(name, inside.Name), PosixPath.Combine(place, inside.Name), inside.Kind);
                    }
                }
            }
            else if (!entry.Name.StartsWith(KeptPrefix, StringComparison.Ordinal))
            {
                Remove(name, place, entry.Kind);
            }
        }
    }

    private void Remove(string path, string full, FileKind kind)
    {
        if (kind == FileKind.Directory)
        {
            foreach (var entry in _files.List(full))
            {
                Remove(PosixPath.Combine(path, entry.Name), PosixPath.Combine(full, entry.Name), entry.Kind);
            }
        }

        _removed.Add(new DeltaRemoval(path, kind == FileKind.Directory, _made.Contains(path)));
    }
}
