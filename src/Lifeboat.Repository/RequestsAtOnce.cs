namespace Lifeboat.Repository;

/// <summary>
/// How many requests of one kind are under way together. They run on their caller's scheduler, so that a test which plays a
/// history by its seed has them one by one.
/// </summary>
internal static class RequestsAtOnce
{
    internal static ParallelOptions Options(int most, CancellationToken cancellationToken) => new()
    {
        MaxDegreeOfParallelism = most,
        TaskScheduler = null,
        CancellationToken = cancellationToken,
    };
}
