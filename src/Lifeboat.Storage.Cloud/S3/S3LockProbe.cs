using Lifeboat.Platform.Errors;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>Tries whether a bucket really locks, on an object of its own that is locked for minutes.</summary>
public static class S3LockProbe
{
    private const string Operation = "try the bucket's object lock";

    /// <summary>Long enough for the attacks on it, also at a store that is slow.</summary>
    private static readonly TimeSpan s_duration = TimeSpan.FromMinutes(2);

    /// <param name="store">With its versions.</param>
    /// <param name="canary">A name that nothing has.</param>
    /// <exception cref="LifeboatException">Usage: the bucket has no object lock, or it gave way.</exception>
    public static async Task RunAsync(
        S3ObjectStore store, LockMode mode, ObjectName canary, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!await store.HasObjectLockAsync(cancellationToken))
        {
            throw Refused(
                store,
                "the bucket has no object lock",
                "A bucket gets object lock, and with it versions, when it is made: 'aws s3api create-bucket --bucket NAME "
                    + "--object-lock-enabled-for-bucket'. Make one, or leave --lock away: then nothing is protected from whoever "
                    + "may delete.");
        }

        var content = canary.Value.Select(character => (byte)character).ToArray();
        var retention = new ObjectRetention(mode, WholeSeconds(time.GetUtcNow() + s_duration));
        await store.PutAsync(canary, content, PutCondition.IfAbsent, retention, cancellationToken);
        var view = new LockedStore(store, static _ => true, terms: null, time);
        var report = await LockAttack.RunAsync(
            store, view, canary, content, retention, bypass: false, cancellationToken);
        if (report.Findings.Count > 0)
        {
            throw Refused(
                store,
                $"the bucket says that it locks, and {string.Join("; ", report.Findings)}",
                "Such a bucket protects nothing. Use a store whose object lock holds, or leave --lock away.");
        }
    }

    private static DateTimeOffset WholeSeconds(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());

    private static LifeboatException Refused(S3ObjectStore store, string cause, string hint) =>
        new(new Failure(ErrorCode.Usage, Operation, store.Location, cause, Hint: hint));
}
