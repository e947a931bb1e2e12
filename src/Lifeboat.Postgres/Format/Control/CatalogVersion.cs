namespace Lifeboat.Postgres.Format.Control;

/// <summary>
/// The released majors and what identifies them in pg_control: CATALOG_VERSION_NO (catversion.h) and PG_CONTROL_VERSION
/// (pg_control.h). Both are fixed for all minor releases of a major; a development or beta build has another
/// catalog version and is not taken for a release.
/// </summary>
public static class CatalogVersion
{
    public const int OldestMajor = 13;
    public const int NewestMajor = 18;

    private static readonly (int Major, uint Catalog, uint Control)[] Releases =
    [
        (13, 202007201, ControlFileLayout13.PgControlVersion),
        (14, 202107181, ControlFileLayout13.PgControlVersion),
        (15, 202209061, ControlFileLayout13.PgControlVersion),
        (16, 202307071, ControlFileLayout13.PgControlVersion),
        (17, 202406281, ControlFileLayout17.PgControlVersion),
        (18, 202506291, ControlFileLayout18.PgControlVersion),
    ];

    /// <summary>The major that has this catalog version; false for one that is not a known release.</summary>
    public static bool TryGetMajor(uint catalogVersion, out int major)
    {
        foreach (var release in Releases)
        {
            if (release.Catalog == catalogVersion)
            {
                major = release.Major;
                return true;
            }
        }

        major = 0;
        return false;
    }

    /// <exception cref="ArgumentOutOfRangeException">A major outside 13 to 18.</exception>
    public static uint OfMajor(int major) => Of(major).Catalog;

    internal static uint ControlVersionOfMajor(int major) => Of(major).Control;

    private static (int Major, uint Catalog, uint Control) Of(int major) =>
        major is >= OldestMajor and <= NewestMajor
            ? Releases[major - OldestMajor]
            : throw new ArgumentOutOfRangeException(nameof(major), major, "majors 13 to 18 are known");
}
