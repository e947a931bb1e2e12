using System.Text;
using Lifeboat.Cli.Options;

namespace Lifeboat.Cli.Targets;

/// <summary>
/// <c>--tablespace-map OLD=NEW</c>; an equals sign in a path is written <c>\=</c>, as for pg_basebackup.
/// </summary>
internal static class TablespaceMapping
{
    public static readonly Setting Map = new(
        "tablespace-map",
        "OLD=NEW",
        "A new place for a tablespace, by its old place or its oid",
        SettingKind.Many);

    /// <summary>New places by old place or oid.</summary>
    public static IReadOnlyDictionary<string, string> Read(Settings settings)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (settings.Find(Map) is not { } value)
        {
            return map;
        }

        foreach (var text in value.Texts)
        {
            var parts = Split(text);
            if (parts.Count != 2 || parts.Any(string.IsNullOrEmpty) || !parts[1].StartsWith('/')
                || !map.TryAdd(parts[0], parts[1]))
            {
                throw SettingReading.Wrong(
                    value with { Texts = [text] },
                    "it does not give one place for one tablespace",
                    @"Write OLD=NEW or OID=NEW, each once, NEW an absolute path; write \= for an equals sign in a path.");
            }
        }

        return map;
    }

    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        var part = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] == '=')
            {
                part.Append('=');
                at++;
            }
            else if (text[at] == '=')
            {
                parts.Add(part.ToString());
                part.Clear();
            }
            else
            {
                part.Append(text[at]);
            }
        }

        parts.Add(part.ToString());
        return parts;
    }
}
