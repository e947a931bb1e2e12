namespace Lifeboat.Postgres.Format.Control;

/// <summary>
/// Where the fields of struct ControlFileData (pg_control.h) lie, in bytes from the start of the file, as compiled for
/// 64-bit machines. Everything is in the byte order of the machine; this program reads little-endian files.
/// </summary>
/// <param name="Crc">Offset of the CRC-32C, which covers every byte before it.</param>
internal sealed record ControlFileLayout(
    uint PgControlVersion,
    int? CheckPointWalLevel,
    int? DefaultCharSignedness,
    int MockAuthenticationNonce,
    int Crc)
{
    public const int MockAuthenticationNonceLength = 32;

    /// <summary>These two never move, whatever the version.</summary>
    public const int PgControlVersionOffset = 8;
    public const int CatalogVersionOffset = PgControlVersionOffset + sizeof(uint);

    public int Size => Crc + sizeof(uint);

    /// <summary>The layout of a PG_CONTROL_VERSION, or null for one that is not known.</summary>
    public static ControlFileLayout? Of(uint pgControlVersion) => pgControlVersion switch
    {
        ControlFileLayout13.PgControlVersion => ControlFileLayout13.Layout,
        ControlFileLayout17.PgControlVersion => ControlFileLayout17.Layout,
        ControlFileLayout18.PgControlVersion => ControlFileLayout18.Layout,
        _ => null,
    };
}
