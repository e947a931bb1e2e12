using System.Globalization;
using System.Text;

namespace Lifeboat.Repository.Encoding;

/// <summary>
/// Writes one JSON document. The WAL commands start once per segment, and setting up a serializer would cost them more than
/// all that they do with documents.
/// </summary>
internal sealed class JsonText
{
    private readonly ByteSink _bytes = new();
    private bool _follows;

    internal byte[] ToArray() => _bytes.Span.ToArray();

    /// <param name="name">Plain ASCII, as all names of members are; null for an element of an array.</param>
    internal JsonText Begin(string? name = null, char bracket = '{')
    {
        Member(name);
        _bytes.Byte((byte)bracket);
        _follows = false;
        return this;
    }

    internal JsonText End(char bracket = '}')
    {
        _bytes.Byte((byte)bracket);
        _follows = true;
        return this;
    }

    internal JsonText Text(string? name, string? value)
    {
        Member(name);
        if (value is null)
        {
            _bytes.Bytes("null"u8);
        }
        else
        {
            Quoted(value);
        }

        return this;
    }

    internal JsonText Number(string name, long? value) => Plain(name, value?.ToString(CultureInfo.InvariantCulture));

    internal JsonText Number(string name, ulong value) => Plain(name, value.ToString(CultureInfo.InvariantCulture));

    internal JsonText Flag(string name, bool value) => Plain(name, value ? "true" : "false");

    internal JsonText Time(string name, DateTimeOffset? value) =>
        Text(name, value?.ToString("O", CultureInfo.InvariantCulture));

    private JsonText Plain(string name, string? value)
    {
        Member(name);
        Ascii(value ?? "null");
        return this;
    }

    private void Member(string? name)
    {
        if (_follows)
        {
            _bytes.Byte((byte)',');
        }

        _follows = true;
        if (name is not null)
        {
            _bytes.Byte((byte)'"');
            Ascii(name);
            _bytes.Bytes("\":"u8);
        }
    }

    private void Quoted(string value)
    {
        _bytes.Byte((byte)'"');
        for (var at = 0; at < value.Length; at++)
        {
            var character = value[at];
            if (character is '"' or '\\' || character < ' ')
            {
                Ascii($"\\u{(int)character:x4}");
            }
            else if (character < 0x80)
            {
                _bytes.Byte((byte)character);
            }
            else
            {
                // A lone surrogate becomes the replacement character: there is no JSON for it.
                _ = Rune.DecodeFromUtf16(value.AsSpan(at), out var rune, out var used);
                rune.EncodeToUtf8(_bytes.Append(rune.Utf8SequenceLength));
                at += used - 1;
            }
        }

        _bytes.Byte((byte)'"');
    }

    private void Ascii(string text)
    {
        var room = _bytes.Append(text.Length);
        for (var at = 0; at < text.Length; at++)
        {
            room[at] = (byte)text[at];
        }
    }
}
