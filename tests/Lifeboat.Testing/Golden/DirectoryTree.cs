using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lifeboat.Platform.Files;

namespace Lifeboat.Testing.Golden;

/// <summary>Everything in a restored directory: mode and SHA-256 of each file, through tablespace links, by path.</summary>
public static class DirectoryTree
{
    private static readonly PosixFileSystem s_files = PosixFileSystem.Instance;

    /// <summary>What a restore writes otherwise each time: its own lineage, where the repository is, and sums of these.</summary>
    private static readonly string[] s_ofTheRestore = ["lifeboat.lineage", "postgresql.auto.conf", "backup_manifest"];

    public static SortedDictionary<string, string> Of(string directory)
    {
        var tree = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(directory, "", tree);
        return tree;
    }

    /// <summary>A tree as its differences from another.</summary>
    public static JsonObject Encode(SortedDictionary<string, string> tree, SortedDictionary<string, string> before) => new()
    {
        ["gone"] = new JsonArray([.. before.Keys.Where(path => !tree.ContainsKey(path)).Select(path => (JsonNode)path)]),
        ["files"] = new JsonObject(tree
            .Where(file => before.GetValueOrDefault(file.Key) != file.Value)
            .Select(file => KeyValuePair.Create(file.Key, (JsonNode?)file.Value))),
    };

    /// <summary>What <see cref="Encode"/> was given.</summary>
    public static SortedDictionary<string, string> Decode(JsonObject encoded, SortedDictionary<string, string> before)
    {
        var tree = new SortedDictionary<string, string>(before, StringComparer.Ordinal);
        foreach (var gone in encoded["gone"]!.AsArray())
        {
            tree.Remove((string)gone!);
        }

        foreach (var (path, value) in encoded["files"]!.AsObject())
        {
            tree[path] = (string)value!;
        }

        return tree;
    }

    /// <summary>SHA-256 of a file, whatever bytes its name has.</summary>
    public static string Sum(string path)
    {
        using var file = s_files.OpenRead(path);
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        var offset = 0L;
        for (int length; (length = file.Read(buffer, offset)) > 0; offset += length)
        {
            sum.AppendData(buffer, 0, length);
        }

        return Convert.ToHexStringLower(sum.GetHashAndReset());
    }

    private static void Add(string directory, string below, SortedDictionary<string, string> tree)
    {
        foreach (var entry in s_files.List(directory))
        {
            var path = PosixPath.Combine(directory, entry.Name);
            var status = s_files.StatTarget(path)
                ?? throw new InvalidOperationException($"{path} leads nowhere");
            var name = below + PosixPath.Display(entry.Name);
            var mode = Convert.ToString(status.Mode & 0xFFF, 8);
            if (status.Kind == FileKind.Directory)
            {
                tree[name] = entry.Kind == FileKind.SymbolicLink ? $"{mode} link" : $"{mode} directory";
                Add(path, name + "/", tree);
            }
            else if (below.Length > 0 || !s_ofTheRestore.Contains(name))
            {
                tree[name] = $"{mode} {Sum(path)}";
            }
        }
    }
}
