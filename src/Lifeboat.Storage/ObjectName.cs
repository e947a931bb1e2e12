namespace Lifeboat.Storage;

/// <summary>
/// The name of an object: components of <c>a-z A-Z 0-9 . _ -</c> joined by single slashes, none of them <c>.</c> or
/// <c>..</c>, none beginning with a dot, 900 characters at most. So a name is the same thing to every store, and can
/// never lead outside the repository.
/// </summary>
public readonly record struct ObjectName : IComparable<ObjectName>
{
    public const int MaximumLength = 900;

    private readonly string? _value;

    public ObjectName(string value)
    {
        if (!IsValid(value))
        {
            throw new ArgumentException($"'{value}' cannot be the name of an object", nameof(value));
        }

        _value = value;
    }

    public string Value => _value ?? throw new InvalidOperationException("an object name was never set");

    /// <summary>The part after the last slash.</summary>
    public string LastPart => Value[(Value.LastIndexOf('/') + 1)..];

    public static bool IsValid(string? value)
    {
        if (string.IsNullOrEmpty(value) || value.Length > MaximumLength)
        {
            return false;
        }

        // One plain loop: searching by sets and ranges costs a process that looks at a few names more to set up.
        var begins = true;
        foreach (var character in value)
        {
            if (!(char.IsAsciiLetterOrDigit(character) || character is '_' or '-' || (character is '.' or '/' && !begins)))
            {
                return false;
            }

            begins = character == '/';
        }

        return !begins;
    }

    public int CompareTo(ObjectName other) => string.CompareOrdinal(_value, other._value);

    public override string ToString() => _value ?? "";
}
