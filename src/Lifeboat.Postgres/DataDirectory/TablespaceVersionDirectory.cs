using System.Globalization;

namespace Lifeboat.Postgres.DataDirectory;

/// <summary>
/// The one directory of a server in a tablespace, <c>PG_17_202406281</c>: several servers may share the tablespace's
/// directory, as they do during an upgrade (TABLESPACE_VERSION_DIRECTORY, relpath.h).
/// </summary>
public readonly record struct TablespaceVersionDirectory(int Major, uint CatalogVersion)
{
    public static bool TryParse(ReadOnlySpan<char> name, out TablespaceVersionDirectory directory)
    {
        directory = default;
        if (!name.StartsWith("PG_", StringComparison.Ordinal))
        {
            return false;
        }

        var numbers = name[3..];
        var underscore = numbers.IndexOf('_');
        if (underscore < 0
            || !OidText.TryParse(numbers[..underscore], out var major) || major > 9999
            || !OidText.TryParse(numbers[(underscore + 1)..], out var catalog))
        {
            return false;
        }

        directory = new TablespaceVersionDirectory((int)major, catalog);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"PG_{Major}_{CatalogVersion}");
}
