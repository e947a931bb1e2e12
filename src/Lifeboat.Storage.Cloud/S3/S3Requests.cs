using Amazon.S3;
using Lifeboat.Platform.Errors;
using Lifeboat.Storage.Retry;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>Sends requests, each within its time limit, and turns what fails into our errors. Owns the client.</summary>
/// <param name="uploads">How what a writer still holds is sent again: nobody around a writer can repeat it.</param>
internal sealed class S3Requests(
    AmazonS3Client client, S3Place place, TimeProvider time, Repetition uploads) : IDisposable
{
    internal Repetition Uploads => uploads;

    /// <param name="subject">What it is done to, for messages.</param>
    /// <param name="right">The right that it needs.</param>
    /// <param name="bytes">That are sent or received beside the request.</param>
    /// <param name="isOurs">
    /// Whether the answer has what this store gives with every success. A proxy's page, a login page, an error within a success
    /// come with the status of a success too, and the SDK takes what it does not find in them for absent.
    /// </param>
    internal async Task<T> SendAsync<T>(
        string operation,
        string subject,
        string right,
        long bytes,
        Func<AmazonS3Client, CancellationToken, Task<T>> send,
        Func<T, bool> isOurs,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = new CancellationTokenSource(S3Margins.For(bytes), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var answer = await send(client, either.Token);
            return isOurs(answer) ? answer : throw S3Failures.Foreign(operation, subject, place);
        }
        catch (Exception failure) when (failure is not LifeboatException && !cancellationToken.IsCancellationRequested)
        {
            var cause = limit.IsCancellationRequested ? new TimeoutException(failure.Message, failure) : failure;
            throw S3Failures.Of(cause, operation, subject, place, right);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    public void Dispose() => client.Dispose();
}
