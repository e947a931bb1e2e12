namespace Lifeboat.Engine.Wal.Receive;

/// <summary>The pauses between attempts: short at first, since a server that restarts is back soon.</summary>
internal static class Backoff
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    internal static TimeSpan First { get; } = TimeSpan.FromMilliseconds(200);

    internal static TimeSpan After(TimeSpan pause) => pause * 2 < Longest ? pause * 2 : Longest;
}
