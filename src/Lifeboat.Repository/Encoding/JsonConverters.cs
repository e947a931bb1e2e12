using System.Text.Json;
using System.Text.Json.Serialization;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Repository.Encoding;

/// <summary>An LSN as PostgreSQL writes it.</summary>
internal sealed class LsnConverter : JsonConverter<Lsn>
{
    public override Lsn Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Lsn.TryParse(reader.GetString(), out var lsn) ? lsn : throw new JsonException("not an LSN");

    public override void Write(Utf8JsonWriter writer, Lsn value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>A timeline as a number.</summary>
internal sealed class TimelineConverter : JsonConverter<Timeline>
{
    public override Timeline Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TryGetUInt32(out var value) && value > 0
            ? new Timeline(value)
            : throw new JsonException("not a timeline");

    public override void Write(Utf8JsonWriter writer, Timeline value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value.Value);
}

/// <summary>An id as 32 hexadecimal digits.</summary>
internal sealed class Id128Converter : JsonConverter<Id128>
{
    public override Id128 Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Id128.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("not an id");

    public override void Write(Utf8JsonWriter writer, Id128 value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>
/// A path whose bytes need not be UTF-8. JSON strings cannot hold lone surrogates, so backslash is doubled and a byte
/// that is not UTF-8 becomes <c>\xNN</c>.
/// </summary>
internal sealed class PathConverter : JsonConverter<string>
{
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Unescape(reader.GetString() ?? throw new JsonException("a path is missing"));

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Escape(value));

    internal static string Escape(string path)
    {
        var text = new System.Text.StringBuilder(path.Length);
        for (var at = 0; at < path.Length; at++)
        {
            var character = path[at];
            if (character == '\\')
            {
                text.Append(@"\\");
            }
            else if (char.IsLowSurrogate(character) && (at == 0 || !char.IsHighSurrogate(path[at - 1])))
            {
                text.Append($"\\x{character & 0xFF:x2}");
            }
            else
            {
                text.Append(character);
            }
        }

        return text.ToString();
    }

    internal static string Unescape(string text)
    {
        var path = new System.Text.StringBuilder(text.Length);
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '\\')
            {
                path.Append(text[at]);
            }
            else if (at + 1 < text.Length && text[at + 1] == '\\')
            {
                path.Append('\\');
                at++;
            }
            else if (at + 3 < text.Length && text[at + 1] == 'x'
                && byte.TryParse(text.AsSpan(at + 2, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value)
                && value >= 0x80)
            {
                path.Append((char)(0xDC00 + value));
                at += 3;
            }
            else
            {
                throw new JsonException("a path has an unknown escape");
            }
        }

        return path.ToString();
    }
}
