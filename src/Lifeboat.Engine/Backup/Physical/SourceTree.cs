using Lifeboat.Platform.Files;
using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// What a data directory holds at the moment it is read, as far as a backup wants it. Files may vanish, appear and
/// change at any time; what vanishes in between is left out, since WAL tells the rest.
/// </summary>
internal sealed class SourceTree
{
    private const string TablespaceFolder = "pg_tblspc";

    private readonly IFileSystem _files;
    private readonly string _root;
    private readonly CopyRules _rules;
    private readonly HashSet<string> _tablespacesInside = new(StringComparer.Ordinal);

    private SourceTree(IFileSystem files, string root, CopyRules rules)
    {
        _files = files;
        _root = root;
        _rules = rules;
    }

    /// <summary>In ascending order of the bytes of their paths, without pg_control.</summary>
    internal List<SourceEntry> Entries { get; } = [];

    internal List<TablespaceFacts> Tablespaces { get; } = [];

    internal List<string> Warnings { get; } = [];

    internal static SourceTree Read(IFileSystem files, string root, ControlFile control)
    {
        var tree = new SourceTree(files, files.RealPath(root), new CopyRules(control));
        tree.FindTablespacesInside();
        tree.ReadDirectory("");
        tree.Entries.Sort(static (a, b) => a.PathBytes.AsSpan().SequenceCompareTo(b.PathBytes));
        return tree;
    }

    /// <summary>
    /// A tablespace may lie in a folder of the data directory itself; it is copied by its link and must not be copied
    /// again as a folder.
    /// </summary>
    private void FindTablespacesInside()
    {
        var folder = PosixPath.Combine(_root, TablespaceFolder);
        foreach (var link in _files.List(folder).Where(entry => entry.Kind == FileKind.SymbolicLink))
        {
            var path = PosixPath.Combine(folder, link.Name);
            if (_files.StatTarget(path) is not null
                && _files.RealPath(path) is var real && real.StartsWith(_root + "/", StringComparison.Ordinal))
            {
                _tablespacesInside.Add(real[(_root.Length + 1)..]);
            }
        }
    }

    private void ReadDirectory(string directory)
    {
        IReadOnlyList<DirectoryEntry> names;
        try
        {
            names = _files.List(PosixPath.Combine(_root, directory));
        }
        catch (FileSystemException gone) when (gone.IsMissing && directory.Length > 0)
        {
            return;
        }

        foreach (var (name, verdict) in _rules.Judge(directory, [.. names.Select(entry => entry.Name)]))
        {
            var path = PosixPath.Combine(directory, name);
            switch (verdict)
            {
                case CopyVerdict.Empty:
                    AddEmptied(path);
                    break;
                case CopyVerdict.Copy when _files.Stat(PosixPath.Combine(_root, path)) is { } status:
                    Add(directory, path, status);
                    break;
            }
        }
    }

    private void Add(string directory, string path, FileStatus status)
    {
        switch (status.Kind)
        {
            case FileKind.Regular:
                Entries.Add(new SourceEntry(path, MapFileKind.Regular, status));
                break;
            case FileKind.Directory:
                Entries.Add(new SourceEntry(path, MapFileKind.Directory, status));
                if (!_tablespacesInside.Contains(path))
                {
                    ReadDirectory(path);
                }

                break;
            case FileKind.SymbolicLink when directory == TablespaceFolder:
                AddTablespace(path, status);
                break;
            default:
                Warnings.Add($"left out: {PosixPath.Display(path)} is neither a file nor a directory");
                break;
        }
    }

    private void AddTablespace(string path, FileStatus status)
    {
        if (!uint.TryParse(PosixPath.Name(path), out var oid))
        {
            Warnings.Add($"left out: {PosixPath.Display(path)} is a link that is no tablespace");
            return;
        }

        Tablespaces.Add(new TablespaceFacts(oid, _files.ReadSymbolicLink(PosixPath.Combine(_root, path))));
        Entries.Add(new SourceEntry(path, MapFileKind.TablespaceLink, status));
        ReadDirectory(path);
    }

    /// <summary>A directory whose contents are not wanted; pg_wal may be a link and becomes a directory.</summary>
    private void AddEmptied(string path)
    {
        if (_files.StatTarget(PosixPath.Combine(_root, path)) is not { Kind: FileKind.Directory } status)
        {
            return;
        }

        Entries.Add(new SourceEntry(path, MapFileKind.Directory, status));
        foreach (var kept in _rules.KeptInside(path))
        {
            Entries.Add(new SourceEntry(PosixPath.Combine(path, kept), MapFileKind.Directory, status));
        }
    }
}
