namespace Lifeboat.Engine.Files;

/// <summary>Lines of postgresql.conf: a name, white space or an equals sign, a value that may be quoted (guc-file.l).</summary>
internal static class ConfigurationText
{
    /// <summary>The role of a kept folder that configuration includes.</summary>
    internal const string FolderRole = "include_dir";

    /// <summary>The setting that a line sets; empty for comments and blank lines.</summary>
    internal static string NameOf(string line)
    {
        var start = line.TrimStart();
        var end = start.AsSpan().IndexOfAny(" \t=");
        return start.StartsWith('#') ? "" : end < 0 ? start.TrimEnd() : start[..end];
    }

    /// <summary>The values that a text gives to a setting or directive, in their order, without quotes.</summary>
    internal static IEnumerable<string> Values(string text, string name)
    {
        foreach (var line in text.Split('\n'))
        {
            if (string.Equals(NameOf(line), name, StringComparison.OrdinalIgnoreCase))
            {
                yield return ValueOf(line.TrimStart()[name.Length..]);
            }
        }
    }

    private static string ValueOf(string rest)
    {
        var value = rest.Trim(' ', '\t', '=', '\r');
        if (!value.StartsWith('\''))
        {
            var end = value.AsSpan().IndexOfAny(" \t#");
            return end < 0 ? value : value[..end];
        }

        // Within quotes a doubled quote stands for one.
        var text = new System.Text.StringBuilder();
        for (var at = 1; at < value.Length; at++)
        {
            if (value[at] == '\'' && (at + 1 == value.Length || value[at + 1] != '\''))
            {
                break;
            }

            at += value[at] == '\'' ? 1 : 0;
            text.Append(value[at]);
        }

        return text.ToString();
    }
}
