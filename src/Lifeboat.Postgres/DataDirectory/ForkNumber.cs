namespace Lifeboat.Postgres.DataDirectory;

/// <summary>The forks of a relation, numbered as in the WAL (enum ForkNumber, relpath.h).</summary>
public enum ForkNumber
{
    Main = 0,

    /// <summary>The free space map, <c>_fsm</c>.</summary>
    Fsm = 1,

    /// <summary>The visibility map, <c>_vm</c>.</summary>
    VisibilityMap = 2,

    /// <summary>What an unlogged relation is reset to after a crash, <c>_init</c>.</summary>
    Init = 3,
}
