using System.Text.Json.Nodes;
using Lifeboat.Testing.Golden;
using Lifeboat.Testing.Servers;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Golden;

/// <summary>
/// Writes a golden repository and what is to be found in it, after judges from outside have agreed: pg_verifybackup of each
/// restored backup, the server's own files of WAL, its data directory as it stood still behind the last backup, and the
/// answer of the recovered server.
/// </summary>
internal sealed class GoldenMaker(GoldenRepository golden, Vault vault)
{
    private readonly JsonObject _clusters = [];

    /// <summary>A lineage's marker, with which <c>wal fetch</c> asks for its files.</summary>
    internal void KeepMarker(string dataDirectory)
    {
        var marker = Path.Combine(dataDirectory, "lifeboat.lineage");
        var lineage = (string)JsonNode.Parse(File.ReadAllText(marker))!["lineage"]!;
        var folder = Path.Combine(Unpacked, "markers");
        Directory.CreateDirectory(folder);
        File.Copy(marker, Path.Combine(folder, lineage));
    }

    /// <summary>What the recovered server must answer, of one backup and target.</summary>
    internal void Expect(string cluster, PostgresServer source, string answer, params IReadOnlyList<string> target) =>
        _clusters[cluster] = new JsonObject
        {
            ["major"] = source.Major,
            ["recovery"] = new JsonObject
            {
                ["target"] = new JsonArray([.. target.Select(word => (JsonNode)word)]),
                ["query"] = Question,
                ["answer"] = answer,
            },
        };

    internal const string Question =
        "SELECT count(*) || ' ' || md5(string_agg(n || word, ',' ORDER BY n)) FROM t";

    internal static Task<string> AskAsync(PostgresServer server) => server.ScalarAsync<string>(Question);

    private string Unpacked => vault.Folder["golden"];

    /// <summary>Packs the repository, looks at it, has it judged, and writes it all down.</summary>
    /// <param name="asides">Of each cluster: what its servers archived, by their own copies.</param>
    internal async Task CompleteAsync(IReadOnlyDictionary<string, string> asides)
    {
        Directory.CreateDirectory(Path.Combine(Unpacked, "markers"));
        PostgresUser.Coreutils("cp", "-a", "--", vault.Repository, Path.Combine(Unpacked, "repository"));
        Directory.CreateDirectory(golden[""]);
        if (vault.Encryption == Encryption.KeyFile)
        {
            File.Copy(vault.KeyFile, golden["key"], overwrite: true);
            PostgresUser.Coreutils("chmod", "644", golden["key"]);
        }

        golden.Pack(Unpacked);
        PostgresUser.Own(Unpacked);
        var observer = new GoldenObserver(golden, Unpacked, RunAsync);
        var expected = await observer.LookAsync();
        foreach (var cluster in observer.Clusters)
        {
            var said = expected["clusters"]![cluster]!.AsObject();
            foreach (var (name, value) in _clusters[cluster]!.AsObject())
            {
                said[name] = value!.DeepClone();
            }

            PostgresUser.Own(Unpacked);
            said["wal"] = await observer.FetchAsync(cluster);
            JudgeWal(said["wal"]!.AsObject(), Path.Combine(Unpacked, "fetched", cluster), asides[cluster]);
            said["trees"] = await TreesAsync(observer, cluster, (int)said["major"]!, GoldenObserver.Ids(said["list"]!));
        }

        golden.Write("expected.json", expected);
    }

    /// <summary>
    /// Compares every relation file of a backup that was just taken with the directory that stands still. Only with checksums:
    /// without, hint bits are set that no WAL tells of.
    /// </summary>
    internal async Task JudgeQuiescedAsync(PostgresServer server, string id, string cluster = "main")
    {
        var to = Path.Combine(vault.Folder.CreateForPostgres("quiet-" + id), "data");
        await vault.JsonAsync(
            "restore", "--cluster", cluster, "--backup", id, "--to", to, "--tablespace-root", to + ".spaces", "--target-immediate");
        var compared = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(to, "base"), "*", SearchOption.AllDirectories))
        {
            var own = Path.Combine(server.DataDirectory, Path.GetRelativePath(to, file));
            var isUnloggedLeft = File.Exists(own + "_init");
            Assert.True(isUnloggedLeft || File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(own)), own);
            compared++;
        }

        Assert.True(compared > 100);
    }

    private async Task<JsonObject> TreesAsync(
        GoldenObserver observer, string cluster, int major, IReadOnlyList<string> backups)
    {
        var trees = new JsonObject();
        SortedDictionary<string, string> before = new(StringComparer.Ordinal);
        foreach (var id in backups)
        {
            var to = Path.Combine(Unpacked, "restored", cluster, id);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            PostgresUser.Own(Path.Combine(Unpacked, "restored"));
            var call = await observer.RestoreAsync(cluster, id, to, "--target-immediate");
            Assert.True(call.ExitCode == 0, call.Error);
            await Judges.VerifyBackupAsync(major, to);
            var tree = DirectoryTree.Of(to);
            trees[id] = DirectoryTree.Encode(tree, before);
            before = tree;
        }

        return trees;
    }

    private static void JudgeWal(JsonObject lineages, string fetched, string aside)
    {
        var (whole, begun) = (0, 0);
        foreach (var (lineage, files) in lineages)
        {
            foreach (var (file, sum) in files!.AsObject())
            {
                var own = Path.Combine(aside, file);
                if (!File.Exists(own))
                {
                    continue;
                }

                if (DirectoryTree.Sum(own) == (string)sum!)
                {
                    whole++;
                    continue;
                }

                // A segment that the receiver did not see the end of has zeros there.
                Assert.True(((string)sum!).Length == 64, $"{file} of {lineage}: {sum}");
                var known = File.ReadAllBytes(Path.Combine(fetched, lineage, file)).AsSpan().TrimEnd((byte)0);
                Assert.True(File.ReadAllBytes(own).AsSpan().StartsWith(known), $"{file} is not what the server wrote");
                begun++;
            }
        }

        Assert.True(whole > 0 && begun <= 1, $"{aside} judges {whole} files, and {begun} that are not whole");
    }

    private async Task<GoldenCall> RunAsync(IReadOnlyList<string> words)
    {
        var result = await RunningProgram.RunAsync(LifeboatProgram.With(words) with
        {
            AsPostgres = true,
            Environment = golden.Variables.ToDictionary(variable => variable.Key, variable => (string?)variable.Value),
        });
        return new GoldenCall(result.ExitCode, result.Output, result.Error);
    }
}
