using Amazon.S3;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>Sends requests, each within its time limit, and turns what fails into our errors. Owns the client.</summary>
internal sealed class S3Requests(AmazonS3Client client, S3Place place, TimeProvider time) : IDisposable
{
    /// <param name="subject">What it is done to, for messages.</param>
    /// <param name="right">The right that it needs.</param>
    /// <param name="bytes">That are sent or received beside the request.</param>
    internal async Task<T> SendAsync<T>(
        string operation,
        string subject,
        string right,
        long bytes,
        Func<AmazonS3Client, CancellationToken, Task<T>> send,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = new CancellationTokenSource(S3Margins.For(bytes), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await send(client, either.Token);
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
