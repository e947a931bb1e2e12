using System.Text.Json.Nodes;
using Lifeboat.Testing.Golden;

namespace Lifeboat.Tests.Golden;

/// <summary>
/// A damage of a golden repository, as the fixtures have it: a name, what is done to the bytes of objects, and what the program
/// must say. The damaged repositories are not kept themselves: they are the healthy one and these few bytes.
/// </summary>
internal sealed class GoldenDamage(JsonObject text)
{
    internal string Name => (string)text["name"]!;

    /// <summary>
    /// Whether the check calls backups hurt whose files come back all the same: what is damaged is WAL that they need to become
    /// consistent, or a pack's own list of what is in it, for which a restore finds the index instead.
    /// </summary>
    internal bool IsCareful => Name.EndsWith("(careful)", StringComparison.Ordinal);

    /// <summary>Whether nothing that is needed is damaged, and nothing has to be said.</summary>
    internal bool IsUntold => Name.EndsWith("(not told)", StringComparison.Ordinal);

    /// <summary>What must be said.</summary>
    internal JsonObject? Expected => text["expected"]?.AsObject();

    /// <summary>The objects that are changed.</summary>
    internal IReadOnlyList<string> Objects => [.. Changes.Select(change => (string)change["object"]!)];

    private IEnumerable<JsonObject> Changes => text["changes"]!.AsArray().Select(change => change!.AsObject());

    internal static GoldenDamage Of(string name, params JsonObject[] changes)
    {
        var text = new JsonObject { ["name"] = name, ["changes"] = new JsonArray([.. changes]) };
        return new(JsonNode.Parse(text.ToJsonString())!.AsObject());
    }

    /// <param name="at">Of the byte; from the end when it is negative.</param>
    internal static JsonObject Flip(string name, long at) => Change("flip", name, ("at", at));

    internal static JsonObject Truncate(string name, long length) => Change("truncate", name, ("length", length));

    internal static JsonObject Remove(string name) => Change("remove", name);

    /// <param name="hex">What stands at <paramref name="at"/> from then on.</param>
    internal static JsonObject Patch(string name, long at, string hex) => Change("patch", name, ("at", at), ("bytes", hex));

    internal static JsonObject Swap(string name, string other) => Change("swap", name, ("with", other));

    /// <summary>The object of another golden repository in the place of this one.</summary>
    internal static JsonObject Bring(string name, string repository, string other) =>
        Change("bring", name, ("from", repository), ("other", other));

    internal JsonObject With(JsonObject expected)
    {
        var whole = text.DeepClone().AsObject();
        whole["expected"] = expected;
        return whole;
    }

    internal void Apply(GoldenCopy copy)
    {
        foreach (var change in Changes)
        {
            Apply(copy, change);
        }
    }

    /// <summary>What the program says of the damaged repository, and what its restores and fetches come to.</summary>
    /// <param name="isRestored">Which backups are restored to see.</param>
    internal async Task<JsonObject> ObserveAsync(GoldenCopy copy, Func<string, bool> isRestored)
    {
        var said = new JsonObject();
        foreach (var (key, words) in new[] { ("check", new[] { "check" }), ("checkReadData", ["check", "--read-data"]) })
        {
            var document = await copy.Observer.DocumentAsync(words);
            said[key] = document["exitCode"] is { } exit
                ? new JsonObject
                {
                    ["exitCode"] = exit.DeepClone(),
                    ["code"] = document["code"]!.DeepClone(),
                    ["findings"] = document["document"]?["findings"]?.DeepClone(),
                }
                : new JsonObject { ["exitCode"] = 0, ["findings"] = document["findings"]!.DeepClone() };
        }

        var restores = new JsonObject();
        foreach (var (cluster, healthy) in copy.Golden.Expected["clusters"]!.AsObject())
        {
            foreach (var (backup, tree) in GoldenHealthyTests.Trees(healthy!.AsObject()).Where(pair => isRestored(pair.Key)))
            {
                var (found, error) = await copy.RestoreAsync(cluster, backup);
                restores[$"{cluster}/{backup}"] = error
                    ?? (GoldenHealthyTests.Difference(tree, found).Length == 0 ? "whole" : "SOMETHING ELSE");
            }
        }

        said["restores"] = restores;
        said["fetched"] = await FetchAsync(copy);
        return said;
    }

    /// <summary>Ids of the backups that the check says are hurt.</summary>
    internal static HashSet<string> HurtOf(JsonObject said) =>
    [
        .. (said["checkReadData"]!["findings"]?.AsArray() ?? [])
            .SelectMany(finding => finding!["hurtBackups"]!.AsArray()).Select(id => (string)id!),
    ];

    /// <summary>The WAL files whose objects are changed, as they are fetched.</summary>
    private async Task<JsonObject> FetchAsync(GoldenCopy copy)
    {
        var fetched = new JsonObject();
        foreach (var parts in Objects.Select(name => name.Split('/')).Where(parts => parts is [_, _, _, _, "wal", ..]))
        {
            var file = parts[^1][..^33];
            var sum = await copy.Observer.FetchAsync(parts[1], parts[3], file);
            var healthy = (string)copy.Golden.Expected["clusters"]![parts[1]]!["wal"]![parts[3]]![file]!;
            fetched[file] = sum == healthy ? "whole" : sum.Length == healthy.Length ? "SOMETHING ELSE" : sum;
        }

        return fetched;
    }

    private static JsonObject Change(string what, string name, params (string Key, JsonNode Value)[] more) =>
        new([KeyValuePair.Create("do", (JsonNode?)what), KeyValuePair.Create("object", (JsonNode?)name),
            .. more.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))]);

    private static void Apply(GoldenCopy copy, JsonObject change)
    {
        var path = copy.Object((string)change["object"]!);
        var content = File.ReadAllBytes(path);
        switch ((string)change["do"]!)
        {
            case "flip":
                content[At(change, content)] ^= 0x10;
                File.WriteAllBytes(path, content);
                break;
            case "truncate":
                File.WriteAllBytes(path, content[..(int)change["length"]!]);
                break;
            case "remove":
                File.Delete(path);
                break;
            case "patch":
                Convert.FromHexString((string)change["bytes"]!).CopyTo(content, At(change, content));
                File.WriteAllBytes(path, content);
                break;
            case "swap":
                var other = copy.Object((string)change["with"]!);
                File.WriteAllBytes(path, File.ReadAllBytes(other));
                File.WriteAllBytes(other, content);
                break;
            case "bring":
                using (var from = new GoldenCopy((string)change["from"]!))
                {
                    File.WriteAllBytes(path, File.ReadAllBytes(from.Object((string)change["other"]!)));
                }

                break;
            default:
                throw new InvalidOperationException(change.ToJsonString());
        }
    }

    private static int At(JsonObject change, byte[] content) =>
        (int)change["at"]! is var at && at < 0 ? content.Length + at : at;
}
