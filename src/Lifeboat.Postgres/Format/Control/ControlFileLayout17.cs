namespace Lifeboat.Postgres.Format.Control;

/// <summary>PG_CONTROL_VERSION 1700: the checkpoint tells the WAL level, in what was padding before.</summary>
internal static class ControlFileLayout17
{
    public const uint PgControlVersion = 1700;

    public const int CheckPointWalLevel = ControlFileLayout13.FullPageWrites + sizeof(int);

    public static readonly ControlFileLayout Layout = ControlFileLayout13.Layout with
    {
        PgControlVersion = PgControlVersion,
        CheckPointWalLevel = CheckPointWalLevel,
    };
}
