namespace Lifeboat.Postgres.Format.Control;

/// <summary>How much is written to the WAL (enum WalLevel, xlog.h). At minimal, WAL cannot tell what changed.</summary>
public enum WalLevel
{
    Minimal = 0,
    Replica = 1,
    Logical = 2,
}
