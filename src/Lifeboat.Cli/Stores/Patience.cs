using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Stores;

/// <summary>Tries again for a bounded time.</summary>
internal static class Patience
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Repeats what failed in a way that may pass, until the time is over.</summary>
    public static async Task<T> RetryAsync<T>(
        Func<Task<T>> attempt, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (LifeboatException failed)
                when (failed.Failure.Transient && time.GetElapsedTime(begun) + Pause <= patience)
            {
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }
}
