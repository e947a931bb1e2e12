namespace Lifeboat.Engine.Restore;

/// <summary>Paths that come from a repository are never trusted.</summary>
internal static class RestorePaths
{
    private const int MostBytes = 4096;

    /// <summary>Whether a path stays below the directory it is joined to, as it is written.</summary>
    internal static bool IsSafe(string path)
    {
        if (path.Length is 0 or > MostBytes || path.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        foreach (var part in path.AsSpan().Split('/'))
        {
            if (path.AsSpan()[part] is "" or "." or "..")
            {
                return false;
            }
        }

        return true;
    }
}
