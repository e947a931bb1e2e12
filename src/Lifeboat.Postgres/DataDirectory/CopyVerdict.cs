namespace Lifeboat.Postgres.DataDirectory;

/// <summary>What a backup does with one name in the data directory.</summary>
public enum CopyVerdict
{
    Copy,

    /// <summary>As if it were not there.</summary>
    Skip,

    /// <summary>
    /// A directory that is kept, with its owner and mode, but without what is in it, besides
    /// <see cref="CopyRules.KeptInside"/>; a link to a directory becomes a directory.
    /// </summary>
    Empty,

    /// <summary>pg_control: copied behind everything else.</summary>
    CopyLast,
}
