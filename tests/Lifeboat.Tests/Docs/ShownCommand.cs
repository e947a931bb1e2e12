using System.Text.RegularExpressions;

namespace Lifeboat.Tests.Docs;

/// <summary>
/// A command line of Lifeboat as a document shows it in a block of code: alone, after sudo, within a setting.
/// </summary>
/// <param name="Line">As it stands there, continued lines joined.</param>
/// <param name="Arguments">What the program would be given.</param>
internal sealed partial record ShownCommand(string Line, IReadOnlyList<string> Arguments)
{
    /// <summary>The command's words: <c>wal push</c>.</summary>
    public string Name => Arguments[0] is "wal" or "repair" ? $"{Arguments[0]} {Arguments[1]}" : Arguments[0];

    public static IEnumerable<ShownCommand> FindAll(string document) =>
        from Match block in Block().Matches(document)
        from line in block.Groups["code"].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n')
        let start = Start().Match(line)
        where start.Success
        select new ShownCommand(line.Trim(), [.. Words(line[(start.Index + start.Length)..])]);

    /// <summary>The words up to what ends a command in a shell, or closes the quotes that it stands in.</summary>
    private static IEnumerable<string> Words(string text)
    {
        foreach (Match match in Word().Matches(text))
        {
            var word = match.Value;
            if (word is "|" or ">" or ";" or "&&" or "#" or "2>")
            {
                yield break;
            }

            if (word[0] is '\'' or '"' && word[^1] == word[0] && word.Length > 1)
            {
                yield return word[1..^1];
                continue;
            }

            var closed = word.IndexOfAny(['\'', '"']);
            if (closed < 0)
            {
                yield return word;
                continue;
            }

            if (closed > 0)
            {
                yield return word[..closed];
            }

            yield break;
        }
    }

    [GeneratedRegex(@"^[ \t]*```[a-z]*\n(?<code>.*?)^[ \t]*```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"(^|[\s'""=/])lifeboat\s+(?=[a-z])")]
    private static partial Regex Start();

    [GeneratedRegex(@"'[^']*'(?=\s|$)|""[^""]*""(?=\s|$)|\S+")]
    private static partial Regex Word();
}
