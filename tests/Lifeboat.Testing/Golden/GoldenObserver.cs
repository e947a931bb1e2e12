using System.Text.Json.Nodes;
using Lifeboat.Testing.Servers;

namespace Lifeboat.Testing.Golden;

/// <summary>How one call of the program ended.</summary>
public sealed record GoldenCall(int ExitCode, string Out, string Error);

/// <summary>
/// Asks the program everything about an unpacked golden repository. The maker writes the answers down, when judges from
/// outside have agreed; the tests compare them.
/// </summary>
/// <param name="repository">Which one.</param>
/// <param name="folder">Where it was unpacked.</param>
/// <param name="run">Runs the program with these words.</param>
public sealed class GoldenObserver(
    GoldenRepository repository, string folder, Func<IReadOnlyList<string>, Task<GoldenCall>> run)
{
    private const int Absent = 20;

    private string Place => Path.Combine(folder, "repository");

    public IReadOnlyList<string> Clusters =>
        [.. Directory.GetDirectories(Path.Combine(Place, "clusters")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>Windows, backups, and whether all is whole.</summary>
    public async Task<JsonObject> LookAsync()
    {
        var clusters = new JsonObject();
        foreach (var cluster in Clusters)
        {
            var list = await DocumentAsync("list", "--expired", "--cluster", cluster);
            if (list["exitCode"] is not null)
            {
                throw new InvalidOperationException($"{repository.Name} is not healthy: {list.ToJsonString()}");
            }

            var shown = new JsonObject();
            foreach (var id in Ids(list))
            {
                shown[id] = await DocumentAsync("show", id, "--cluster", cluster);
            }

            clusters[cluster] = new JsonObject { ["list"] = list, ["show"] = shown };
        }

        return new JsonObject
        {
            ["clusters"] = clusters,
            ["check"] = await DocumentAsync("check"),
            ["checkReadData"] = await DocumentAsync("check", "--read-data"),
        };
    }

    /// <summary>SHA-256 of every archived file as <c>wal fetch</c> brings it, for each lineage.</summary>
    public async Task<JsonObject> FetchAsync(string cluster)
    {
        var lineages = new JsonObject();
        foreach (var lineage in Lineages(cluster))
        {
            var files = new JsonObject();
            foreach (var file in ArchivedFiles(cluster, lineage))
            {
                files[file] = await FetchAsync(cluster, lineage, file);
            }

            lineages[lineage] = files;
        }

        return lineages;
    }

    /// <summary>Restores one backup into a new directory.</summary>
    public Task<GoldenCall> RestoreAsync(string cluster, string backup, string to, params IReadOnlyList<string> more) =>
        CallAsync(
            ["restore", "--cluster", cluster, "--backup", backup, "--to", to, "--tablespace-root", to + ".spaces", .. more]);

    /// <summary>How a file arrives: its SHA-256, absent, or the code of the error.</summary>
    public async Task<string> FetchAsync(string cluster, string lineage, string file)
    {
        var into = Path.Combine(folder, "fetched", cluster, lineage);
        if (!Directory.Exists(into))
        {
            Directory.CreateDirectory(into);
            if (File.Exists(Path.Combine(folder, "markers", lineage)))
            {
                File.Copy(Path.Combine(folder, "markers", lineage), Path.Combine(into, "lifeboat.lineage"));
            }

            PostgresUser.Own(into);
        }

        var destination = Path.Combine(into, file);
        var call = await CallAsync(
            ["wal", "fetch", file, destination, "--cluster", cluster, "--cluster-dir", into, "--retry-for", "0"]);
        return call.ExitCode switch
        {
            0 => DirectoryTree.Sum(destination),
            Absent => "absent",
            _ => ErrorCode(call),
        };
    }

    /// <summary>What a command prints; with an error, its exit code and code beside.</summary>
    public async Task<JsonNode> DocumentAsync(params IReadOnlyList<string> words)
    {
        var call = await CallAsync(words);
        var document = call.Out.Length > 0 ? GoldenJson.Lasting(call.Out, folder) : null;
        return call.ExitCode == 0
            ? document!
            : new JsonObject { ["exitCode"] = call.ExitCode, ["code"] = ErrorCode(call), ["document"] = document };
    }

    /// <summary>The code that the program's error has.</summary>
    public static string ErrorCode(GoldenCall call) =>
        (string)JsonNode.Parse(call.Error.TrimEnd().Split('\n')[^1])!["code"]!;

    public static IReadOnlyList<string> Ids(JsonNode list) =>
        [.. list["backups"]!.AsArray().Select(backup => (string)backup!["id"]!)];

    public IReadOnlyList<string> Lineages(string cluster) =>
        [.. Directory.GetDirectories(Path.Combine(Place, "clusters", cluster, "lineages"))
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>Names of WAL files, and of segments of which there are only pieces.</summary>
    private List<string> ArchivedFiles(string cluster, string lineage)
    {
        var lineages = Path.Combine(Place, "clusters", cluster, "lineages", lineage);
        var whole = Under(Path.Combine(lineages, "wal")).Select(path => Path.GetFileName(path)[..^33]);
        var pieces = Under(Path.Combine(lineages, "pieces")).Select(path => Path.GetFileName(path)[..24]);
        return [.. whole.Union(pieces).Order(StringComparer.Ordinal)];
    }

    private static string[] Under(string path) =>
        Directory.Exists(path) ? Directory.GetFiles(path, "*", SearchOption.AllDirectories) : [];

    private Task<GoldenCall> CallAsync(IReadOnlyList<string> words) =>
        run([.. words, "--repository", Place, .. repository.SecretOptions, "--output", "json"]);
}
