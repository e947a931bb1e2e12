using System.Net;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>Object lock: retention of single versions. The bucket was made with it, or has none.</summary>
public sealed partial class S3ObjectStore
{
    private const string LockRight = "s3:PutObject (and s3:PutObjectRetention)";

    public ValueTask<PutOutcome> PutAsync(
        ObjectName name,
        ReadOnlyMemory<byte> content,
        PutCondition condition,
        ObjectRetention retention,
        CancellationToken cancellationToken) =>
        PutAsync(name, content, condition, (ObjectRetention?)retention, cancellationToken);

    public ValueTask<IObjectWriter> CreateAsync(
        ObjectName name, ObjectRetention retention, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(new S3ObjectWriter(this, name, retention));
    }

    public async ValueTask<ObjectRetention?> ReadRetentionAsync(
        ObjectVersion version, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _requests.SendAsync(
                "ask for a lock in the repository",
                version.Name.Value,
                "s3:GetObjectRetention",
                0,
                (client, token) => client.GetObjectRetentionAsync(
                    new GetObjectRetentionRequest
                    {
                        BucketName = _place.Bucket,
                        Key = KeyOf(version.Name),
                        VersionId = version.Version,
                    },
                    token),
                static answer => answer.Retention is { Mode: not null, RetainUntilDate: not null },
                cancellationToken);
            return new ObjectRetention(
                answer.Retention.Mode == ObjectLockRetentionMode.Compliance ? LockMode.Compliance : LockMode.Governance,
                new DateTimeOffset(answer.Retention.RetainUntilDate!.Value.ToUniversalTime()));
        }
        catch (ObjectStoreException failure) when (IsUnlocked(failure))
        {
            return null;
        }
        catch (ObjectStoreException failure) when (IsMissing(failure) || IsMarker(failure))
        {
            throw new ObjectNotFoundException(version.Name, Location, failure);
        }
    }

    public async ValueTask WriteRetentionAsync(
        ObjectVersion version, ObjectRetention retention, bool bypass, CancellationToken cancellationToken) =>
        await _requests.SendAsync(
            "lock in the repository",
            version.Name.Value,
            "s3:PutObjectRetention",
            0,
            (client, token) => client.PutObjectRetentionAsync(
                new PutObjectRetentionRequest
                {
                    BucketName = _place.Bucket,
                    Key = KeyOf(version.Name),
                    VersionId = version.Version,
                    Retention = new ObjectLockRetention
                    {
                        Mode = retention.Mode == LockMode.Compliance
                            ? ObjectLockRetentionMode.Compliance
                            : ObjectLockRetentionMode.Governance,
                        RetainUntilDate = retention.Until.UtcDateTime,
                    },
                    BypassGovernanceRetention = bypass ? true : null,
                },
                token),
            static answer => answer.HttpStatusCode == HttpStatusCode.OK,
            cancellationToken);

    /// <summary>Whether the bucket was made with object lock, which includes that it keeps versions for ever.</summary>
    public async ValueTask<bool> HasObjectLockAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _requests.SendAsync(
                "look at the bucket",
                _place.Bucket,
                "s3:GetBucketObjectLockConfiguration",
                0,
                (client, token) => client.GetObjectLockConfigurationAsync(
                    new GetObjectLockConfigurationRequest { BucketName = _place.Bucket }, token),
                static _ => true,
                cancellationToken);
            return answer.ObjectLockConfiguration?.ObjectLockEnabled == ObjectLockEnabled.Enabled;
        }
        catch (ObjectStoreException failure) when (IsUnlocked(failure))
        {
            return false;
        }
    }

    public async ValueTask DeleteVersionAsync(
        ObjectVersion version, bool bypass, CancellationToken cancellationToken)
    {
        try
        {
            await _requests.SendAsync(
                "delete a version from the repository",
                version.Name.Value,
                "s3:DeleteObjectVersion",
                0,
                (client, token) => client.DeleteObjectAsync(
                    new DeleteObjectRequest
                    {
                        BucketName = _place.Bucket,
                        Key = KeyOf(version.Name),
                        VersionId = version.Version,
                        // Unset, no header is sent: it needs a right of its own.
                        BypassGovernanceRetention = bypass ? true : null,
                    },
                    token),
                static answer => answer.HttpStatusCode == HttpStatusCode.NoContent,
                cancellationToken);
        }
        catch (ObjectStoreException failure) when (IsMissing(failure))
        {
            // Most stores answer with success; it is gone either way.
        }
    }

    internal static ObjectLockMode? ModeOf(ObjectRetention? retention) => retention?.Mode switch
    {
        null => null,
        LockMode.Compliance => ObjectLockMode.Compliance,
        _ => ObjectLockMode.Governance,
    };

    /// <summary>A store takes what it locks only with a digest: the protocol asks for it, and nothing relies on it.</summary>
    internal static string? DigestOf(ReadOnlyMemory<byte> content, ObjectRetention? retention) =>
#pragma warning disable CA5351 // The protocol's, not a seal of ours.
        retention is null ? null : Convert.ToBase64String(MD5.HashData(content.Span));
#pragma warning restore CA5351

    private static bool IsUnlocked(ObjectStoreException failure) => failure.InnerException is AmazonS3Exception
    {
        ErrorCode: "NoSuchObjectLockConfiguration" or "ObjectLockConfigurationNotFoundError",
    } or AmazonS3Exception { StatusCode: HttpStatusCode.BadRequest, ErrorCode: "InvalidRequest" };
}
