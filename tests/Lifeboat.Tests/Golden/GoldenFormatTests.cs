using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lifeboat.Platform.Files;
using Lifeboat.Testing.Golden;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Golden.Reader;
using Xunit;

namespace Lifeboat.Tests.Golden;

/// <summary>
/// The specification is enough to read everything: a reader written from it alone reads each object of the golden
/// repositories to its last byte, and comes to the same files and the same WAL as the program does.
/// </summary>
public sealed class GoldenFormatTests
{
    /// <summary>What a restore makes and does not copy.</summary>
    private static readonly string[] s_made = ["backup_label", "recovery.signal"];

    public static TheoryData<string> Names => [.. GoldenRepository.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_backup_is_what_the_map_and_the_packs_say(string name)
    {
        using var copy = new GoldenCopy(name);
        var (repository, met) = (Read(copy), new HashSet<string>());
        foreach (var (clusterName, cluster) in repository.Clusters)
        {
            var trees = GoldenHealthyTests.Trees(copy.Golden.Expected["clusters"]![clusterName]!.AsObject());
            foreach (var (backup, tree) in trees)
            {
                var maps = new FormatMaps(cluster);
                var found = Files(maps, maps.Lay(Runs(Manifest(cluster, backup))))
                    .ToDictionary(file => file.Path, file => file.Sum);
                var expected = tree.Where(file => file.Value.Split(' ')[1].Length == 64 && !s_made.Contains(file.Key));
                Assert.All(
                    expected, file => Assert.Equal(file.Value.Split(' ')[1], found.GetValueOrDefault(file.Key)));
                met.UnionWith(maps.Met);
            }
        }

        Assert.Contains("facts without a CRC", met);
        Assert.Contains("patch", met);
        if (name == "plain")
        {
            string[] all =
            [
                "3 overlays or more", "a base under overlays", "a hint", "a hint that is wrong", "facts of kind 1",
                "facts of kind 2", "gone", "stored whole", "zeros",
            ];
            Assert.Empty(all.Except(met));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_index_run_says_what_the_packs_say(string name)
    {
        using var copy = new GoldenCopy(name);
        var held = Read(copy).Clusters.Values
            .SelectMany(cluster => cluster.Below("index/").Select(run => FormatIndex.Hold(cluster, run))).ToList();
        Assert.True(held.Count > 1 && held.Sum() > 100, $"{held.Sum()} entries in {held.Count} runs");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_archived_file_is_what_its_frames_say(string name)
    {
        using var copy = new GoldenCopy(name);
        var (files, summaries, catalogs) = (0, 0, 0);
        foreach (var (clusterName, cluster) in Read(copy).Clusters)
        {
            var expected = copy.Golden.Expected["clusters"]![clusterName]!["wal"]!.AsObject();
            foreach (var file in cluster.Below("lineages/").Where(file => file.Name.Contains("/wal/", StringComparison.Ordinal)))
            {
                var (content, facts, summary) = FormatWal.Read(cluster, file);
                Assert.Equal(
                    (string)expected[file.Name.Split('/')[3]]![facts.GetProperty("file").GetString()!]!,
                    Convert.ToHexStringLower(SHA256.HashData(content)));
                (files, summaries) = (files + 1, summaries + (summary is null ? 0 : 1));
            }

            foreach (var catalog in cluster.Below("lineages/").Where(file => file.Kind == 12))
            {
                var segments = FormatWal.ReadCatalog(cluster, catalog);
                Assert.Equal(256, segments.Count);
                Assert.All(segments, segment => Assert.Equal(segment.Tag, segment.Facts.GetProperty("tag").GetString()));
                catalogs++;
            }

            HoldPieces(cluster, expected);
        }

        Assert.True(files > 5 && summaries > 2);
        Assert.Equal(name == "plain" ? 1 : 0, catalogs);
    }

    [Fact]
    public void Every_kind_of_object_is_read_and_every_member_of_a_document_is_specified()
    {
        var text = string.Concat(new[] { "repository-v0.md", "wal-archive-v0.md" }.Select(
            file => File.ReadAllText(Path.Combine(RepositoryFolder.Root, "docs", "format", file))));
        var (kinds, unknown) = (new SortedSet<int>(), new SortedSet<string>(StringComparer.Ordinal));
        foreach (var name in GoldenRepository.Names)
        {
            using var copy = new GoldenCopy(name);
            foreach (var item in Read(copy).Objects.Values)
            {
                kinds.Add(item.Kind);
                foreach (var document in Documents(item))
                {
                    unknown.UnionWith(Members(document)
                        .Where(member => !text.Contains($"`{member}`", StringComparison.Ordinal))
                        .Select(member => $"{item.Kind} {member}"));
                }
            }
        }

        // Kind 20, renewals, needs a bucket with locks: docs/decisions/0050.
        Assert.Equal(Enumerable.Range(1, 19), kinds);
        Assert.Empty(unknown);
    }

    [Fact]
    public void The_reader_uses_nothing_of_the_program()
    {
        var folder = Path.Combine(RepositoryFolder.Root, "tests", "Lifeboat.Tests", "Golden", "Reader");
        var files = Directory.GetFiles(folder);
        Assert.True(files.Length >= 7);
        Assert.All(files, file => Assert.All(
            File.ReadLines(file).Where(line => line != "namespace Lifeboat.Tests.Golden.Reader;"),
            line => Assert.DoesNotContain("Lifeboat.", line, StringComparison.Ordinal)));
    }

    private static FormatRepository Read(GoldenCopy copy) => FormatRepository.Read(copy["repository"], copy.Golden.Name switch
    {
        "keyfile" => key => FormatRepository.OfKeyFile(key, File.ReadAllBytes(copy.Golden["key"])),
        "passphrase" => key => FormatRepository.OfPassphrase(key, GoldenRepository.Passphrase),
        _ => null,
    });

    private static JsonElement Manifest(FormatCluster cluster, string backup)
    {
        var manifest = cluster.Below("lineages/")
            .Single(item => item.Name.EndsWith($"/{backup}/manifest", StringComparison.Ordinal));
        return Documents(manifest)[0];
    }

    private static IEnumerable<string> Runs(JsonElement manifest) =>
        manifest.GetProperty("mapRuns").EnumerateArray().Select(run => run.GetString()!);

    private static IEnumerable<(string Path, string Sum)> Files(FormatMaps maps, SortedDictionary<string, FormatFile> files)
    {
        foreach (var (path, file) in files.Where(file => file.Value.Facts!.Kind == 0))
        {
            var content = maps.Content(file);
            if (file.Facts!.Crc is { } crc)
            {
                Assert.Equal(crc, FormatCrypto.Crc(content));
            }

            yield return (
                PosixPath.Display(PosixPath.Decode(Convert.FromHexString(path))),
                Convert.ToHexStringLower(SHA256.HashData(content)));
        }
    }

    /// <summary>
    /// The chain of each segment's pieces, by the specification: of those that begin at or before the position the one that ends
    /// last. A segment that is stored whole too must be the same as far as the chain goes.
    /// </summary>
    private static void HoldPieces(FormatCluster cluster, JsonObject expected)
    {
        var pieces = cluster.Below("lineages/").Where(item => item.Name.Contains("/pieces/", StringComparison.Ordinal))
            .GroupBy(item => string.Join('/', item.Name.Split('/')[..^1]));
        foreach (var segment in pieces)
        {
            var parts = segment.Select(item => (Item: item, Name: item.Name.Split('/')[^1].Split('.')))
                .Select(piece => (
                    piece.Item, From: Convert.ToInt32(piece.Name[1], 16), To: Convert.ToInt32(piece.Name[2], 16)))
                .ToList();
            var content = new byte[1 << 20];
            for (var at = 0; parts.Any(part => part.From <= at && part.To > at);)
            {
                var next = parts.Where(part => part.From <= at).MaxBy(part => part.To);
                at = next.To;
                var (bytes, _, _) = FormatWal.Read(cluster, next.Item);
                Assert.Equal(next.To - next.From, bytes.Length);
                bytes.CopyTo(content, next.From);
            }

            var names = segment.Key.Split('/');
            var whole = cluster.Below("lineages/").FirstOrDefault(
                item => item.Name.Contains("/wal/", StringComparison.Ordinal)
                    && item.Name.Contains($"/{names[^1]}-", StringComparison.Ordinal));
            if (whole is not null)
            {
                var known = content.AsSpan().TrimEnd((byte)0);
                Assert.True(FormatWal.Read(cluster, whole).Content.AsSpan().StartsWith(known));
                continue;
            }

            Assert.Equal(
                (string)expected[names[3]]![names[^1]]!, Convert.ToHexStringLower(SHA256.HashData(content)));
        }
    }

    /// <summary>The documents that an object holds.</summary>
    private static List<JsonElement> Documents(FormatContainer item)
    {
        var texts = item.Kind switch
        {
            6 or 7 or 8 or 12 => [],
            9 => item.Frames.Take(1).Concat(Lines(item.Frames.Skip(1).SelectMany(frame => frame).ToArray())),
            10 => item.Frames.TakeLast(1),
            _ => item.Frames.Count == 1 && item.Annex.Length == 0
                ? item.Frames
                : throw new FormatError($"{item.Name} is more than one document"),
        };
        return [.. texts.Select(text => JsonDocument.Parse(text).RootElement)];
    }

    private static IEnumerable<byte[]> Lines(byte[] text) => System.Text.Encoding.UTF8.GetString(text)
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(System.Text.Encoding.UTF8.GetBytes);

    private static IEnumerable<string> Members(JsonElement document) => document.ValueKind switch
    {
        JsonValueKind.Object => document.EnumerateObject().SelectMany(member => Members(member.Value).Prepend(member.Name)),
        JsonValueKind.Array => document.EnumerateArray().SelectMany(Members),
        _ => [],
    };
}
