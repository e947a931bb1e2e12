using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lifeboat.Testing.Golden;

/// <summary>Documents of the program as far as they say the same at every call.</summary>
public static class GoldenJson
{
    /// <summary>What the call itself takes, and not what it reads.</summary>
    private static readonly string[] s_ofTheCall = ["durationSeconds", "bytesRead"];

    public static JsonSerializerOptions Options { get; } = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A document without the place of the call and what it took.</summary>
    /// <param name="folder">Where the repository was, as it was given.</param>
    public static JsonNode Lasting(string document, string folder)
    {
        var node = JsonNode.Parse(document.Replace(folder, "PLACE", StringComparison.Ordinal))!;
        Strip(node);
        return node;
    }

    /// <summary>Where two documents differ: one line for each place, at most a few; empty when they do not.</summary>
    public static string Difference(JsonNode? expected, JsonNode? found)
    {
        var lines = new List<string>();
        Compare("$", expected, found, lines);
        return string.Join('\n', lines.Take(40));
    }

    private static void Strip(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
            {
                Strip(item);
            }
        }
        else if (node is JsonObject members)
        {
            foreach (var name in s_ofTheCall)
            {
                members.Remove(name);
            }

            foreach (var (_, member) in members)
            {
                Strip(member);
            }
        }
    }

    private static void Compare(string path, JsonNode? expected, JsonNode? found, List<string> lines)
    {
        if (expected is JsonObject one && found is JsonObject other)
        {
            foreach (var name in one.Select(member => member.Key).Union(other.Select(member => member.Key)))
            {
                Compare($"{path}.{name}", one[name], other[name], lines);
            }
        }
        else if (expected is JsonArray first && found is JsonArray second && first.Count == second.Count)
        {
            for (var at = 0; at < first.Count; at++)
            {
                Compare($"{path}[{at}]", first[at], second[at], lines);
            }
        }
        else if (!JsonNode.DeepEquals(expected, found))
        {
            lines.Add($"{path}: expected {expected?.ToJsonString() ?? "nothing"}\n  found {found?.ToJsonString() ?? "nothing"}");
        }
    }
}
