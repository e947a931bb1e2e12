using System.Text;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Postgres.Server;

/// <summary>
/// Parsers of the two forms of a connection text: <c>host=… port=…</c> and <c>postgresql://…</c>. Both give keywords
/// and values as they stand; no message repeats the text, since it may hold a password.
/// </summary>
internal static class ConnInfoText
{
    private static readonly string[] s_schemes = ["postgresql://", "postgres://"];

    public static Dictionary<string, string> Parse(string text)
    {
        var scheme = s_schemes.FirstOrDefault(s => text.StartsWith(s, StringComparison.Ordinal));
        return scheme is null ? ParseKeywords(text) : ParseUri(text[scheme.Length..]);
    }

    internal static LifeboatException Error(string cause) => new(new Failure(
        ErrorCode.Usage,
        "read the connection text",
        Subject: "",
        cause,
        Hint: "Give it as \"host=… port=… user=… dbname=…\" or postgresql://user@host:port/dbname; passwords belong in"
            + " ~/.pgpass or PGPASSWORD."));

    private static Dictionary<string, string> ParseKeywords(string text)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var at = SkipSpace(text, 0);
        while (at < text.Length)
        {
            var start = at;
            while (at < text.Length && text[at] != '=' && !IsSpace(text[at]))
            {
                at++;
            }

            var keyword = text[start..at];
            at = SkipSpace(text, at);
            if (at == text.Length || text[at] != '=')
            {
                // A word without a value may be the rest of a password that needed quotes: it is not shown.
                throw Error($"a word at position {start + 1} has no \"=\" behind it");
            }

            at = SkipSpace(text, at + 1);
            values[Known(keyword)] = ReadValue(text, ref at);
            at = SkipSpace(text, at);
        }

        return values;
    }

    private static string ReadValue(string text, ref int at)
    {
        var value = new StringBuilder();
        var quoted = at < text.Length && text[at] == '\'';
        at += quoted ? 1 : 0;
        for (; at < text.Length; at++)
        {
            if (quoted ? text[at] == '\'' : IsSpace(text[at]))
            {
                break;
            }

            if (text[at] == '\\' && ++at == text.Length)
            {
                break;
            }

            value.Append(text[at]);
        }

        if (quoted && at++ >= text.Length)
        {
            throw Error("a quoted value has no end");
        }

        return value.ToString();
    }

    private static Dictionary<string, string> ParseUri(string rest)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var query = rest.IndexOf('?', StringComparison.Ordinal);
        if (query >= 0)
        {
            ParseQuery(rest[(query + 1)..], values);
            rest = rest[..query];
        }

        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0)
        {
            SetIfGiven(values, "dbname", Decode(rest[(slash + 1)..]));
            rest = rest[..slash];
        }

        var user = rest.LastIndexOf('@');
        if (user >= 0)
        {
            var colon = rest.IndexOf(':', 0, user);
            SetIfGiven(values, "user", Decode(rest[..(colon < 0 ? user : colon)]));
            SetIfGiven(values, "password", colon < 0 ? "" : Decode(rest[(colon + 1)..user]));
            rest = rest[(user + 1)..];
        }

        ParseHosts(rest, values);
        return values;
    }

    private static void ParseHosts(string text, Dictionary<string, string> values)
    {
        var hosts = new List<string>();
        var ports = new List<string>();
        foreach (var part in text.Split(','))
        {
            var host = part;
            var behind = "";
            if (part.StartsWith('['))
            {
                var end = part.IndexOf(']', StringComparison.Ordinal);
                if (end < 0)
                {
                    throw Error("an IPv6 address has no \"]\" at its end");
                }

                (host, behind) = (part[1..end], part[(end + 1)..]);
            }
            else if (part.LastIndexOf(':') is >= 0 and var colon)
            {
                (host, behind) = (part[..colon], part[colon..]);
            }

            if (behind.Length > 0 && behind[0] != ':')
            {
                throw Error("only a colon and a port may follow an IPv6 address");
            }

            hosts.Add(Decode(host));
            ports.Add(behind.Length > 1 ? Decode(behind[1..]) : "");
        }

        SetIfGiven(values, "host", string.Join(',', hosts).Trim(','));
        if (ports.Any(port => port.Length > 0))
        {
            values.TryAdd("port", string.Join(',', ports));
        }
    }

    private static void ParseQuery(string text, Dictionary<string, string> values)
    {
        foreach (var pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                throw Error("a parameter of the URI has no \"=\"");
            }

            var (keyword, value) = (Decode(pair[..equals]), Decode(pair[(equals + 1)..]));
            // What JDBC writes; libpq understands it too.
            if (keyword == "ssl" && value == "true")
            {
                (keyword, value) = ("sslmode", "require");
            }

            values[Known(keyword)] = value;
        }
    }

    /// <summary>Percent-decoding; unlike the ones made for web forms it leaves a plus sign alone.</summary>
    private static string Decode(string text)
    {
        for (var at = text.IndexOf('%', StringComparison.Ordinal); at >= 0; at = text.IndexOf('%', at + 1))
        {
            if (at + 2 >= text.Length || !char.IsAsciiHexDigit(text[at + 1]) || !char.IsAsciiHexDigit(text[at + 2])
                || text.AsSpan(at + 1, 2) is "00")
            {
                throw Error("a percent sign in the URI is not followed by the code of a character; write it as %25");
            }
        }

        return Uri.UnescapeDataString(text);
    }

    private static string Known(string keyword) => ConnInfoKeywords.IsKnown(keyword)
        ? keyword
        : throw Error($"\"{keyword}\" is not a connection keyword");

    private static void SetIfGiven(Dictionary<string, string> values, string keyword, string value)
    {
        if (value.Length > 0)
        {
            // A parameter behind the question mark wins over the same thing in front of it.
            values.TryAdd(keyword, value);
        }
    }

    private static bool IsSpace(char character) => character is ' ' or (>= '\t' and <= '\r');

    private static int SkipSpace(string text, int at)
    {
        while (at < text.Length && IsSpace(text[at]))
        {
            at++;
        }

        return at;
    }
}
