using System.Text.Json;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Repository.Encoding;

/// <summary>
/// The members of one JSON object. A member that lacks, or is of another type than asked for, is a
/// <see cref="JsonException"/>; unknown members are passed over.
/// </summary>
internal readonly struct JsonFields(JsonElement element)
{
    /// <summary>Reads a document whose root is an object.</summary>
    internal static T Read<T>(ReadOnlyMemory<byte> json, Func<JsonFields, T> form)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.Object
            ? form(new JsonFields(document.RootElement))
            : throw new JsonException("the document is no object");
    }

    internal string Text(string name) => TextOrNull(name) ?? throw Wrong(name);

    internal string? TextOrNull(string name)
    {
        var value = Member(name);
        return value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => Unescaped(value, name),
            _ => throw Wrong(name),
        };
    }

    internal bool Flag(string name) => Member(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name),
    };

    internal long Number(string name, long least = long.MinValue, long most = long.MaxValue) =>
        NumberOrNull(name, least, most) ?? throw Wrong(name);

    internal long? NumberOrNull(string name, long least = long.MinValue, long most = long.MaxValue) =>
        NumberOf(Member(name), name, least, most);

    /// <summary>As <see cref="NumberOrNull"/>, of a member that older documents do not have.</summary>
    internal long? OptionalNumber(string name, long least, long most) =>
        element.TryGetProperty(name, out var value) ? NumberOf(value, name, least, most) : null;

    internal ulong Unsigned(string name) =>
        Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetUInt64(out var number)
            ? number
            : throw Wrong(name);

    internal Id128 Id(string name) => IdOrNull(name) ?? throw Wrong(name);

    internal Id128? IdOrNull(string name) =>
        TextOrNull(name) is not { } text ? null : Id128.TryParse(text, out var id) ? id : throw Wrong(name);

    internal Lsn Lsn(string name) => LsnOrNull(name) ?? throw Wrong(name);

    internal Lsn? LsnOrNull(string name) =>
        TextOrNull(name) is not { } text ? null
        : Postgres.Format.Lsn.TryParse(text, out var lsn) ? lsn
        : throw Wrong(name);

    internal Timeline Timeline(string name) => new((uint)Number(name, 1, uint.MaxValue));

    internal DateTimeOffset Time(string name) => TimeOrNull(name) ?? throw Wrong(name);

    internal DateTimeOffset? TimeOrNull(string name) => TimeOf(Member(name), name);

    /// <summary>As <see cref="TimeOrNull"/>, of a member that older documents do not have.</summary>
    internal DateTimeOffset? OptionalTime(string name) =>
        element.TryGetProperty(name, out var value) ? TimeOf(value, name) : null;

    internal byte[] Bytes(string name) =>
        Member(name) is { ValueKind: JsonValueKind.String } value && value.TryGetBytesFromBase64(out var bytes)
            ? bytes
            : throw Wrong(name);

    internal T? ObjectOrNull<T>(string name, Func<JsonFields, T> form)
        where T : class
    {
        var value = Member(name);
        return value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.Object => form(new JsonFields(value)),
            _ => throw Wrong(name),
        };
    }

    internal T[] Objects<T>(string name, Func<JsonFields, T> form)
    {
        var array = Array(name);
        var items = new T[array.GetArrayLength()];
        for (var at = 0; at < items.Length; at++)
        {
            var item = array[at];
            items[at] = item.ValueKind == JsonValueKind.Object ? form(new JsonFields(item)) : throw Wrong(name);
        }

        return items;
    }

    internal string[] Texts(string name)
    {
        var array = Array(name);
        var items = new string[array.GetArrayLength()];
        for (var at = 0; at < items.Length; at++)
        {
            items[at] = array[at].ValueKind == JsonValueKind.String ? Unescaped(array[at], name) : throw Wrong(name);
        }

        return items;
    }

    private static DateTimeOffset? TimeOf(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var time) ? time
        : throw Wrong(name);

    private static long? NumberOf(JsonElement value, string name, long least, long most) =>
        value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            && number >= least && number <= most ? number
        : throw Wrong(name);

    private static string Unescaped(JsonElement value, string name)
    {
        try
        {
            return value.GetString() ?? throw Wrong(name);
        }
        catch (InvalidOperationException)
        {
            // Bytes that are not UTF-8, or half a surrogate pair.
            throw Wrong(name);
        }
    }

    private JsonElement Array(string name) =>
        Member(name) is { ValueKind: JsonValueKind.Array } value ? value : throw Wrong(name);

    private JsonElement Member(string name) =>
        element.TryGetProperty(name, out var value) ? value : throw new JsonException($"'{name}' is missing");

    private static JsonException Wrong(string name) => new($"'{name}' is not what it should be");
}
