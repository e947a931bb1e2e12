using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Testing.Servers;

namespace Lifeboat.Tests.Postgres.Changes;

/// <summary>The relation files of a server that is stopped, in place or copied.</summary>
internal sealed class RelationCopy : IDisposable
{
    private readonly TemporaryFolder? _folder;
    private readonly string _data;
    private readonly string _space;

    private RelationCopy(TemporaryFolder? folder, string data, string space)
    {
        _folder = folder;
        _data = data;
        _space = space;
    }

    internal static RelationCopy Of(ChangeServer server) => new(null, server.Server.DataDirectory, server.Space);

    internal static async Task<RelationCopy> TakeAsync(ChangeServer server)
    {
        var folder = new TemporaryFolder();
        foreach (var (from, to) in new[] { (server.Server.DataDirectory, "data"), (server.Space, "space") })
        {
            (await RunningProgram.RunAsync(new ProgramStart("cp", ["-a", from, folder[to]]))).Expect();
        }

        return new RelationCopy(folder, folder["data"], folder["space"]);
    }

    /// <summary>
    /// Files of relations by what their paths say, but temporary ones and those of unlogged relations.
    /// </summary>
    internal Dictionary<RelationFilePath, string> Files()
    {
        var files = new Dictionary<RelationFilePath, string>();
        foreach (var root in new[] { "base", "global" })
        {
            Add(files, Path.Combine(_data, root), root);
        }

        // The one link in there is to the one tablespace, of which this copy has its own.
        var oid = Path.GetFileName(Directory.EnumerateFileSystemEntries(Path.Combine(_data, "pg_tblspc")).Single());
        Add(files, _space, $"pg_tblspc/{oid}");
        var unlogged = files.Keys.Where(path => path.File.Fork == ForkNumber.Init)
            .Select(path => (path.Tablespace, path.Database, path.File.RelFileNumber))
            .ToHashSet();
        foreach (var path in files.Keys.Where(path => path.File.IsTemporary
            || unlogged.Contains((path.Tablespace, path.Database, path.File.RelFileNumber))).ToList())
        {
            files.Remove(path);
        }

        return files;
    }

    public void Dispose() => _folder?.Dispose();

    private static void Add(Dictionary<RelationFilePath, string> files, string folder, string relative)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            if (RelationFilePath.TryParse($"{relative}/{Path.GetRelativePath(folder, path)}", out var relation))
            {
                files[relation] = path;
            }
        }
    }
}
