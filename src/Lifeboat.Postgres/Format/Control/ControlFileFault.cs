namespace Lifeboat.Postgres.Format.Control;

/// <summary>Why bytes are not a control file that can be used.</summary>
public enum ControlFileFault
{
    None,

    /// <summary>Fewer bytes than the version's layout needs.</summary>
    TooShort,

    /// <summary>Written by a machine of the other byte order.</summary>
    ForeignByteOrder,

    /// <summary>A PG_CONTROL_VERSION that no known release has.</summary>
    UnknownControlVersion,

    /// <summary>
    /// The CRC does not hold: the file was read while the server wrote it, or is damaged. Read it again before
    /// believing in damage.
    /// </summary>
    ChecksumMismatch,

    /// <summary>The CRC holds, but the catalog version is not that of a known release.</summary>
    UnknownCatalogVersion,

    /// <summary>The CRC holds, but a field has a value that PostgreSQL never writes.</summary>
    Implausible,
}
