namespace Lifeboat.Postgres.Server.Replication;

/// <summary>The name of a replication slot: 1 to 63 lower-case letters, digits and underscores (slot.c).</summary>
public readonly record struct SlotName
{
    private const int MostLetters = 63;

    private readonly string? _value;

    private SlotName(string value) => _value = value;

    public static bool TryParse(string text, out SlotName name)
    {
        name = new SlotName(text);
        return text.Length is > 0 and <= MostLetters && !text.AsSpan().ContainsAnyExcept(
            "abcdefghijklmnopqrstuvwxyz0123456789_");
    }

    public override string ToString() => _value ?? "";
}
