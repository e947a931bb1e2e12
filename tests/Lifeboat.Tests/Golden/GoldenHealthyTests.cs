using System.Text.Json.Nodes;
using Lifeboat.Testing.Golden;
using Xunit;

namespace Lifeboat.Tests.Golden;

/// <summary>
/// Repositories of earlier days, as they were written by the program and real servers then: all of it is read, and is what
/// judges from outside agreed to when it was made.
/// </summary>
public sealed class GoldenHealthyTests
{
    public static TheoryData<string> Names => [.. GoldenRepository.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Its_backups_windows_and_checks_are_told_as_they_were(string name)
    {
        using var copy = new GoldenCopy(name);
        var found = await copy.Observer.LookAsync();
        var expected = copy.Golden.Expected;
        Assert.Equal("", GoldenJson.Difference(expected["check"], found["check"]));
        Assert.Equal("", GoldenJson.Difference(expected["checkReadData"], found["checkReadData"]));
        foreach (var (cluster, said) in expected["clusters"]!.AsObject())
        {
            foreach (var kind in new[] { "list", "show" })
            {
                Assert.Equal("", GoldenJson.Difference(said![kind], found["clusters"]![cluster]![kind]));
            }
        }

        Assert.Equal(expected["clusters"]!.AsObject().Count, copy.Observer.Clusters.Count);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_archived_file_comes_back_byte_for_byte(string name)
    {
        using var copy = new GoldenCopy(name);
        foreach (var (cluster, said) in Clusters(copy))
        {
            var found = await copy.Observer.FetchAsync(cluster);
            Assert.NotEmpty(found);
            Assert.Equal("", GoldenJson.Difference(said["wal"], found));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_backup_is_restored_file_for_file(string name)
    {
        using var copy = new GoldenCopy(name);
        foreach (var (cluster, said) in Clusters(copy))
        {
            var trees = Trees(said);
            Assert.Equal(GoldenObserver.Ids(said["list"]!), trees.Keys);
            foreach (var (backup, tree) in trees)
            {
                Assert.True(tree.Count > 100);
                var (found, error) = await copy.RestoreAsync(cluster, backup);
                Assert.Null(error);
                Assert.Equal("", Difference(tree, found));
            }
        }
    }

    [Theory]
    [InlineData("keyfile")]
    [InlineData("passphrase")]
    public async Task It_opens_with_no_other_secret(string name)
    {
        using var copy = new GoldenCopy(name);
        var place = copy["repository"];
        var other = copy["other"];
        await File.WriteAllBytesAsync(other, new byte[32], TestContext.Current.CancellationToken);
        string[][] wrong = [[], ["--key-file", other]];
        foreach (var secret in wrong)
        {
            var call = await Cli.CliCall.RunAsync(["list", "--repository", place, "--output", "json", .. secret]);
            Assert.Equal(5, call.ExitCode);
        }
    }

    /// <summary>What each backup's restored directory is.</summary>
    internal static Dictionary<string, SortedDictionary<string, string>> Trees(JsonObject cluster)
    {
        var trees = new Dictionary<string, SortedDictionary<string, string>>(StringComparer.Ordinal);
        SortedDictionary<string, string> before = new(StringComparer.Ordinal);
        foreach (var (backup, encoded) in cluster["trees"]!.AsObject())
        {
            trees[backup] = before = DirectoryTree.Decode(encoded!.AsObject(), before);
        }

        return trees;
    }

    internal static string Difference(
        SortedDictionary<string, string> expected, SortedDictionary<string, string> found) => string.Join('\n', expected.Keys
            .Union(found.Keys)
            .Where(path => expected.GetValueOrDefault(path) != found.GetValueOrDefault(path))
            .Select(path => $"{path}: {expected.GetValueOrDefault(path)} was {found.GetValueOrDefault(path)}")
            .Take(20));

    private static IEnumerable<(string Name, JsonObject Said)> Clusters(GoldenCopy copy) =>
        copy.Golden.Expected["clusters"]!.AsObject().Select(cluster => (cluster.Key, cluster.Value!.AsObject()));
}
