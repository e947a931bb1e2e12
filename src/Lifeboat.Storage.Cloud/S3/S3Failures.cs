using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>What the store or the way to it said, as errors that say what to do.</summary>
internal static class S3Failures
{
    private const int ServerErrors = 500;

    /// <param name="right">The right that the request needs: <c>s3:GetObject</c>; null when none is known.</param>
    internal static LifeboatException Of(Exception failure, string operation, string subject, S3Place place, string? right) =>
        failure switch
        {
            LifeboatException known => known,
            AmazonServiceException { ErrorCode: { Length: > 0 } code } answered =>
                OfAnswer(answered, code, operation, subject, place, right),
            AmazonServiceException answered when (int)answered.StatusCode != 0 =>
                OfAnswer(answered, CodeOf(answered.StatusCode), operation, subject, place, right),
            TimeoutException => Unavailable(
                failure, operation, subject, "the store did not answer in time", "See whether the store is well; the line may be too slow."),
            _ => OfTransport(failure, operation, subject, place),
        };

    private static ObjectStoreException OfAnswer(
        AmazonServiceException failure, string code, string operation, string subject, S3Place place, string? right)
    {
        switch (code)
        {
            case "NoSuchBucket":
                return Final(
                    failure, ErrorCode.NotFound, operation, place.Bucket, "there is no bucket of this name",
                    "Make the bucket, or correct its name, its region or the endpoint in --repository.");
            case "AccessDenied" or "AllAccessDisabled" or "Forbidden":
                return Final(
                    failure, ErrorCode.Denied, operation, subject, "the store refuses it to these credentials",
                    right is null
                        ? "Give them the rights that docs/using/object-storage.md lists."
                        : $"Give them the right {right} for the bucket {place.Bucket}.");
            case "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "InvalidToken" or "ExpiredToken" or "InvalidSecurity":
                return Final(
                    failure, ErrorCode.Denied, operation, place.Bucket,
                    code == "ExpiredToken" ? "the credentials have expired" : "the store does not accept the credentials",
                    "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile.");
            case "RequestTimeTooSkewed" or "RequestExpired":
                return Final(
                    failure, ErrorCode.StoreUnavailable, operation, place.Bucket, "this machine's clock and the store's differ too much",
                    "Set the clock (NTP): the store takes no request that is more than some minutes off.");
            case "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" or "TemporaryRedirect":
                return Final(
                    failure, ErrorCode.Usage, operation, place.Bucket, $"the bucket is in another region: {failure.Message}",
                    "Give the region in the place: s3://BUCKET/PREFIX?region=REGION.");
            case "InvalidStorageClass":
                return Final(
                    failure, ErrorCode.Usage, operation, place.StorageClass ?? "", "the store has no such storage class",
                    "Correct storage-class in --repository.");
            case "InvalidObjectState":
                return Final(
                    failure, ErrorCode.StoreUnavailable, operation, subject, "the object is in an archive class and cannot be read",
                    "Have it restored (thawed) in the store first.");
            default:
                // Only what will surely be answered the same way again is not tried again.
                var passes = (int)failure.StatusCode >= ServerErrors || (int)failure.StatusCode == 0
                    || failure.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
                        or HttpStatusCode.Conflict
                    || code is "SlowDown" or "RequestTimeout" or "InternalError" or "ServiceUnavailable" or "OperationAborted";
                return new ObjectStoreException(
                    new Failure(
                        ErrorCode.StoreUnavailable,
                        operation,
                        subject,
                        $"the store answered {(int)failure.StatusCode} {code}: {failure.Message}",
                        passes,
                        passes ? "It is tried again; see whether the store is well." : "See the store's documentation of this code."),
                    failure);
        }
    }

    private static ObjectStoreException OfTransport(Exception failure, string operation, string subject, S3Place place)
    {
        var host = place.Endpoint?.Authority ?? "Amazon S3";
        for (var inner = failure; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case AuthenticationException:
                    return Final(
                        failure, ErrorCode.Denied, operation, host, $"its certificate is not trusted: {inner.Message}",
                        "Give the certificate of its authority: ca-file=/path/ca.pem in --repository.");
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData }:
                    return Unavailable(
                        failure, operation, host, "its name cannot be resolved", "Check the endpoint in --repository, and the DNS.");
                case SocketException socket:
                    return Unavailable(
                        failure, operation, host, $"it cannot be reached: {socket.Message}",
                        "Check the endpoint in --repository, and that the store runs.");
                case HttpRequestException or IOException:
                    continue;
            }
        }

        return failure is AmazonClientException client && client.InnerException is null
            ? Final(
                failure, ErrorCode.Denied, operation, place.Bucket, "no credentials were found",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or make a profile in ~/.aws/credentials of the user who runs "
                    + "this (for archive_command and restore_command that is the server's).")
            : Unavailable(
                failure, operation, subject, $"the connection broke: {failure.Message}", "It is tried again; see whether the store is well.");
    }

    private static string CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Forbidden => "Forbidden",
        HttpStatusCode.MovedPermanently => "PermanentRedirect",
        _ => status.ToString(),
    };

    private static ObjectStoreException Final(
        Exception failure, ErrorCode code, string operation, string subject, string cause, string hint) =>
        new(new Failure(code, operation, subject, cause, Transient: false, hint), failure);

    private static ObjectStoreException Unavailable(
        Exception failure, string operation, string subject, string cause, string hint) =>
        new(new Failure(ErrorCode.StoreUnavailable, operation, subject, cause, Transient: true, hint), failure);
}
