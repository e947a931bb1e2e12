using System.Globalization;

namespace Lifeboat.Postgres.DataDirectory;

/// <summary>Numbers in names of files: decimal digits, no leading zero, not zero, 32 bits.</summary>
internal static class OidText
{
    public static bool TryParse(ReadOnlySpan<char> text, out uint value)
    {
        value = 0;
        return text.Length is >= 1 and <= 10 && text[0] is >= '1' and <= '9'
            && uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
