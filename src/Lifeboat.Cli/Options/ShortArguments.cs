namespace Lifeboat.Cli.Options;

/// <summary>
/// The arguments of a command that PostgreSQL starts once per segment, parsed without any library. Whatever it does not
/// understand it leaves to the full parser, which explains itself better.
/// </summary>
/// <param name="Given">Settings by name.</param>
/// <param name="Arguments">What is not an option, the command's own words left out.</param>
internal sealed record ShortArguments(
    IReadOnlyDictionary<string, IReadOnlyList<string>> Given, IReadOnlyList<string> Arguments)
{
    /// <summary>
    /// Null when an option is unknown, repeated or lacks its value, or the words are not those given.
    /// </summary>
    /// <param name="words">The command's name: <c>wal</c>, <c>push</c>.</param>
    /// <param name="count">How many arguments follow the words.</param>
    public static ShortArguments? TryParse(
        IReadOnlyList<string> arguments, IReadOnlyList<string> words, int count, IReadOnlyList<Setting> settings)
    {
        var given = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var rest = new List<string>();
        var onlyArguments = false;
        for (var at = 0; at < arguments.Count; at++)
        {
            var text = arguments[at];
            if (onlyArguments || text.Length == 0 || text[0] != '-')
            {
                rest.Add(text);
                continue;
            }

            if (text == "--")
            {
                onlyArguments = true;
                continue;
            }

            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (Find(settings, equals < 0 ? text : text[..equals]) is not { } setting
                || setting.Kind is SettingKind.Many or SettingKind.Pair)
            {
                return null;
            }

            string value;
            if (setting.Kind == SettingKind.Flag)
            {
                // "--quiet false" means something to the full parser.
                if (equals >= 0 || (at + 1 < arguments.Count && bool.TryParse(arguments[at + 1], out _)))
                {
                    return null;
                }

                value = "true";
            }
            else if (equals >= 0)
            {
                value = text[(equals + 1)..];
            }
            else if (at + 1 < arguments.Count && !arguments[at + 1].StartsWith('-'))
            {
                value = arguments[++at];
            }
            else
            {
                return null;
            }

            if (value.Length == 0 || !given.TryAdd(setting.Name, [value]))
            {
                return null;
            }
        }

        if (rest.Count != words.Count + count)
        {
            return null;
        }

        for (var at = 0; at < words.Count; at++)
        {
            if (rest[at] != words[at])
            {
                return null;
            }
        }

        return new ShortArguments(given, rest[words.Count..]);
    }

    private static Setting? Find(IReadOnlyList<Setting> settings, string option)
    {
        foreach (var setting in settings)
        {
            if (setting.Option == option)
            {
                return setting;
            }
        }

        return null;
    }
}
