using Lifeboat.Platform.Files;
using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Index;
using Lifeboat.Repository.Maps;
using Lifeboat.Repository.Packs;
using Lifeboat.Tests.Postgres.Changes;
using Xunit;

namespace Lifeboat.Tests.Postgres.Incremental;

/// <summary>What a backup holds, put together from its map alone, beside the data directory that it was taken from.</summary>
internal static class BackupImage
{
    private const int ExtentSize = 32 * 8192;
    private const int PageSize = 8192;

    /// <summary>Files whose content a server that stands still rewrites all the same.</summary>
    private static readonly string[] s_restless = ["global/pg_control", "pg_stat", "pg_logical/replorigin_checkpoint"];

    /// <summary>Places in which the two differ; and how many pages were compared.</summary>
    /// <param name="isSamePage">What two pages may differ in: relation, page of the backup, page of the directory.</param>
    internal static async Task<(List<string> Differences, long Pages)> CompareAsync(
        Cluster cluster,
        BackupManifest backup,
        string directory,
        Func<RelationFilePath, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, bool> isSamePage)
    {
        var token = TestContext.Current.CancellationToken;
        using var index = FrameIndex.ForReading(cluster);
        using var reader = new ExtentReader(cluster, index);
        var differences = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var content = new MemoryStream();
        var pages = 0L;
        await foreach (var entry in BackupMap.ReadAsync(cluster, backup.MapRuns, token))
        {
            if (entry.Extent is { } extent)
            {
                content.SetLength((long)extent.Number * ExtentSize);
                content.Position = content.Length;
                content.Write((extent.IsZero ? new byte[extent.Length] : await reader.ReadAsync(entry.Path, extent, token)).Span);
                continue;
            }

            if (entry.Facts is { Kind: MapFileKind.Regular } facts)
            {
                seen.Add(entry.Path);
                content.SetLength(facts.Length);
                if (!IsRestless(entry.Path))
                {
                    pages += Compare(
                        entry.Path, content.ToArray(), Path.Combine(directory, entry.Path), isSamePage, differences);
                }
            }

            content.SetLength(0);
        }

        differences.AddRange(Relations(directory).Where(path => !seen.Contains(path)).Select(path => $"{path} is missing"));
        return (differences, pages);
    }

    private static bool IsRestless(string path) =>
        s_restless.Any(name => path == name || path.StartsWith(name + "/", StringComparison.Ordinal));

    private static IEnumerable<string> Relations(string directory)
    {
        var paths = Directory.EnumerateFiles(Path.Combine(directory, "base"), "*", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(directory, "global")))
            .Select(path => Path.GetRelativePath(directory, path))
            .Where(path => RelationFilePath.TryParse(path, out var relation) && !relation.File.IsTemporary)
            .ToList();
        var unlogged = paths.Where(path => path.EndsWith("_init", StringComparison.Ordinal))
            .Select(path => path[..^"_init".Length])
            .ToHashSet(StringComparer.Ordinal);
        return paths.Where(path => path.EndsWith("_init", StringComparison.Ordinal)
            || !unlogged.Contains(path.Split('_', '.')[0]));
    }

    private static int Compare(
        string path,
        byte[] stored,
        string file,
        Func<RelationFilePath, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, bool> isSamePage,
        List<string> differences)
    {
        if (!File.Exists(file))
        {
            differences.Add($"{path} is only in the backup");
            return 0;
        }

        var there = File.ReadAllBytes(file);
        if (there.Length != stored.Length)
        {
            differences.Add($"{path} has {stored.Length} bytes in the backup and {there.Length} in the directory");
            return 0;
        }

        var isRelation = RelationFilePath.TryParse(PosixPath.Decode(PosixPath.Encode(path)), out var relation);
        var pages = 0;
        for (var at = 0; at < stored.Length; at += PageSize, pages++)
        {
            var length = Math.Min(PageSize, stored.Length - at);
            var (one, other) = (stored.AsMemory(at, length), there.AsMemory(at, length));
            if (!one.Span.SequenceEqual(other.Span) && !(isRelation && isSamePage(relation, one, other)))
            {
                differences.Add($"{path} block {at / PageSize}");
            }
        }

        return pages;
    }
}
