namespace Lifeboat.Postgres.Format.Control;

/// <summary>What the cluster was doing when pg_control was last written (enum DBState, pg_control.h).</summary>
public enum DBState
{
    Startup = 0,
    ShutDown = 1,
    ShutDownInRecovery = 2,
    ShuttingDown = 3,
    InCrashRecovery = 4,
    InArchiveRecovery = 5,
    InProduction = 6,
}
