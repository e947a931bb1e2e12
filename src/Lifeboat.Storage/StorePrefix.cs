namespace Lifeboat.Storage;

/// <summary>Checks of the prefixes given to listings.</summary>
internal static class StorePrefix
{
    internal static void RequireDirectory(string prefix)
    {
        if (prefix.Length != 0 && !prefix.EndsWith('/'))
        {
            throw new ArgumentException($"'{prefix}' must be empty or end with a slash", nameof(prefix));
        }
    }
}
