namespace Lifeboat.Postgres.Format.Control;

/// <summary>
/// PG_CONTROL_VERSION 1800: default_char_signedness, one byte, moves the nonce by one and the CRC by four.
/// </summary>
internal static class ControlFileLayout18
{
    public const uint PgControlVersion = 1800;

    public const int DefaultCharSignedness = ControlFileLayout13.SharedEnd;

    public static readonly ControlFileLayout Layout = ControlFileLayout17.Layout with
    {
        PgControlVersion = PgControlVersion,
        DefaultCharSignedness = DefaultCharSignedness,
        MockAuthenticationNonce = DefaultCharSignedness + sizeof(byte),
        Crc = ControlFileLayout17.Layout.Crc + sizeof(int),
    };
}
