namespace Lifeboat.Storage;

/// <summary>Checks of the prefixes given to listings.</summary>
public static class StorePrefix
{
    /// <exception cref="ArgumentException">It is neither empty nor ends with a slash.</exception>
    public static void RequireDirectory(string prefix)
    {
        if (prefix.Length != 0 && !prefix.EndsWith('/'))
        {
            throw new ArgumentException($"'{prefix}' must be empty or end with a slash", nameof(prefix));
        }
    }
}
