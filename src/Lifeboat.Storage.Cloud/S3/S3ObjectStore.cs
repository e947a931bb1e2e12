using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Lifeboat.Platform.Files;
using Lifeboat.Storage.Locks;
using Lifeboat.Storage.Retry;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>A repository in a bucket of Amazon S3 or of a store that speaks its protocol. Owns its client.</summary>
/// <remarks>
/// Every request has a time limit (<see cref="S3Margins"/>) and is made once; <c>RetryingStore</c> repeats, and writers repeat
/// what they still hold. An answer with success is
/// a promise of the store's that the object is durable.
/// </remarks>
public sealed partial class S3ObjectStore : ILockableStore, IDisposable
{
    private const int NotOurs = -1;

    // Without the second one, what is absent is answered as refused.
    private const string ReadRight = "s3:GetObject (and s3:ListBucket)";

    private readonly S3Requests _requests;
    private readonly S3Place _place;
    private readonly TimeProvider _time;

    private S3ObjectStore(S3Requests requests, S3Place place, TimeProvider time, bool versions)
    {
        _requests = requests;
        _place = place;
        _time = time;
        Capabilities = new StoreCapabilities(place.ConditionalPut, versions, Distant: true);
    }

    public string Location => $"{S3Place.Scheme}{_place.Bucket}/{_place.Prefix}".TrimEnd('/');

    public StoreCapabilities Capabilities { get; }

    /// <summary>Sends nothing yet. What the bucket knows of versions is not asked for, and none are shown.</summary>
    /// <param name="uploads">How writers repeat what they send; null: never.</param>
    public static S3ObjectStore Open(S3Place place, IFileSystem files, TimeProvider time, Repetition? uploads = null) =>
        new(Connect(place, files, time, uploads), place, time, versions: false);

    /// <summary>Sends nothing yet. Versions are shown; in a bucket that keeps none, each object is one.</summary>
    public static S3ObjectStore OpenVersions(S3Place place, IFileSystem files, TimeProvider time) =>
        new(Connect(place, files, time), place, time, versions: true);

    /// <summary>The same place, by the same client, with its versions shown. Lives as long as this.</summary>
    public S3ObjectStore WithVersions() => new(_requests, _place, _time, versions: true);

    /// <summary>Asks the bucket whether it keeps versions; where that may not be asked, none are shown.</summary>
    public static async Task<S3ObjectStore> OpenWithVersionsAsync(
        S3Place place, IFileSystem files, TimeProvider time, CancellationToken cancellationToken)
    {
        var requests = Connect(place, files, time);
        try
        {
            var answer = await requests.SendAsync(
                "look at the bucket",
                place.Bucket,
                "s3:GetBucketVersioning",
                0,
                (client, token) => client.GetBucketVersioningAsync(
                    new GetBucketVersioningRequest { BucketName = place.Bucket }, token),
                static _ => true,
                cancellationToken);
            return new S3ObjectStore(requests, place, time, answer.VersioningConfig?.Status == VersionStatus.Enabled);
        }
        catch (ObjectStoreException denied) when (denied.Code == Platform.Errors.ErrorCode.Denied)
        {
            return new S3ObjectStore(requests, place, time, versions: false);
        }
        catch
        {
            requests.Dispose();
            throw;
        }
    }

    private static S3Requests Connect(
        S3Place place, IFileSystem files, TimeProvider time, Repetition? uploads = null) =>
        new(S3Connection.Open(place, files), place, time, uploads ?? Repetition.Never);

    public ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken) =>
        PutAsync(name, content, condition, retention: null, cancellationToken);

    internal async ValueTask<PutOutcome> PutAsync(
        ObjectName name,
        ReadOnlyMemory<byte> content,
        PutCondition condition,
        ObjectRetention? retention,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (condition == PutCondition.IfAbsent && !Capabilities.CreateIfAbsent
            && await StatAsync(name, cancellationToken) is not null)
        {
            return PutOutcome.AlreadyExists;
        }

        try
        {
            using var stream = new ReadOnlyMemoryStream(content);
            await _requests.SendAsync(
                "write to the repository",
                name.Value,
                retention is null ? "s3:PutObject" : LockRight,
                content.Length,
                (client, token) => client.PutObjectAsync(
                    new PutObjectRequest
                    {
                        BucketName = _place.Bucket,
                        Key = KeyOf(name),
                        InputStream = stream,
                        AutoCloseStream = false,
                        IfNoneMatch = IsConditional(condition) ? "*" : null,
                        StorageClass = StorageClassOf(),
                        ServerSideEncryptionMethod = EncryptionOf(),
                        ServerSideEncryptionKeyManagementServiceKeyId = _place.KmsKey,
                        ObjectLockMode = ModeOf(retention),
                        ObjectLockRetainUntilDate = retention?.Until.UtcDateTime,
                        MD5Digest = DigestOf(content, retention),
                    },
                    token),
                static answer => answer.ETag is { Length: > 0 },
                cancellationToken);
            return PutOutcome.Created;
        }
        catch (ObjectStoreException failure) when (IsTaken(failure))
        {
            return PutOutcome.AlreadyExists;
        }
    }

    public ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(new S3ObjectWriter(this, name, retention: null));
    }

    public ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        ReadAsync(name, version: null, offset, buffer, cancellationToken);

    public ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        Capabilities.Versions
            ? ReadAsync(name, version, offset, buffer, cancellationToken)
            : throw new ObjectNotFoundException(name, Location);

    public async ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        try
        {
            return await HeadAsync(name, cancellationToken);
        }
        catch (ObjectStoreException failure) when (IsWithoutReason(failure))
        {
            // Such an answer has no body: it does not tell a missing object from a missing bucket, nor wrong keys from a right
            // that lacks, nor any of them from a proxy whose store is down. A read says which.
        }

        try
        {
            await ReadAsync(name, version: null, offset: 0, new byte[1], cancellationToken);
        }
        catch (ObjectNotFoundException)
        {
            return null;
        }

        try
        {
            // It has come in between.
            return await HeadAsync(name, cancellationToken);
        }
        catch (ObjectStoreException failure) when (IsWithoutReason(failure))
        {
            throw S3Failures.Foreign(failure.Failure.Operation, name.Value, _place);
        }
    }

    public async ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        // With versions, deleting what is not there would add a marker.
        if (Capabilities.Versions && await StatAsync(name, cancellationToken) is null)
        {
            return;
        }

        await _requests.SendAsync(
            "delete from the repository",
            name.Value,
            "s3:DeleteObject",
            0,
            (client, token) => client.DeleteObjectAsync(
                new DeleteObjectRequest { BucketName = _place.Bucket, Key = KeyOf(name) }, token),
            static answer => answer.HttpStatusCode == HttpStatusCode.NoContent,
            cancellationToken);
    }

    /// <summary>One request for each name, several at a time: not every store knows the request that deletes many.</summary>
    public async ValueTask DeleteManyAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await Parallel.ForEachAsync(names, Several(cancellationToken), DeleteAsync);
    }

    public async ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!Capabilities.Versions)
        {
            throw new InvalidOperationException($"{Location} was not opened with its versions");
        }

        await Parallel.ForEachAsync(
            versions, Several(cancellationToken), (version, token) => DeleteVersionAsync(version, bypass: false, token));
    }

    /// <summary>A bucket shows only what is durable.</summary>
    public ValueTask SettleAsync(string prefix, CancellationToken cancellationToken)
    {
        StorePrefix.RequireDirectory(prefix);
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _requests.Dispose();

    internal string KeyOf(ObjectName name) => _place.Prefix + name.Value;

    internal S3Requests Requests => _requests;

    internal S3Place Place => _place;

    internal bool IsConditional(PutCondition condition) =>
        condition == PutCondition.IfAbsent && Capabilities.CreateIfAbsent;

    internal S3StorageClass? StorageClassOf() =>
        _place.StorageClass is { } storageClass ? new S3StorageClass(storageClass) : null;

    internal ServerSideEncryptionMethod? EncryptionOf() =>
        _place.Encryption is { } method ? new ServerSideEncryptionMethod(method) : null;

    internal static bool IsTaken(ObjectStoreException failure) =>
        failure.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.PreconditionFailed };

    /// <summary>Only the store's own word counts: an ingress whose store is down answers 404 as well.</summary>
    private static bool IsMissing(ObjectStoreException failure) => failure.InnerException is AmazonS3Exception
    {
        StatusCode: HttpStatusCode.NotFound, ErrorCode: "NoSuchKey" or "NoSuchVersion",
    };

    private static bool IsWithoutReason(ObjectStoreException failure) =>
        failure.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.NotFound or HttpStatusCode.Forbidden };

    /// <summary>In whole seconds, as an object's own answer has it; a listing has more.</summary>
    private static DateTimeOffset TimeOf(DateTime? time) => time is { } known
        ? DateTimeOffset.FromUnixTimeSeconds(new DateTimeOffset(known.ToUniversalTime()).ToUnixTimeSeconds())
        : DateTimeOffset.UnixEpoch;

    private static ParallelOptions Several(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = S3Margins.MostDeletes, CancellationToken = cancellationToken };

    private async ValueTask<int> ReadAsync(
        ObjectName name, string? version, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (buffer.Length == 0)
        {
            return await StatAsync(name, cancellationToken) is null ? throw new ObjectNotFoundException(name, Location) : 0;
        }

        try
        {
            return await _requests.SendAsync(
                "read from the repository",
                name.Value,
                ReadRight,
                buffer.Length,
                async (client, token) =>
                {
                    using var answer = await client.GetObjectAsync(
                        new GetObjectRequest
                        {
                            BucketName = _place.Bucket,
                            Key = KeyOf(name),
                            VersionId = version,
                            ByteRange = new ByteRange(offset, offset + buffer.Length - 1),
                        },
                        token);
                    if (S3Range.LengthOf(answer.ContentRange, offset, buffer.Length) is not { } wanted)
                    {
                        return NotOurs;
                    }

                    var read = await answer.ResponseStream.ReadAtLeastAsync(
                        buffer[..wanted], wanted, throwOnEndOfStream: false, token);
                    return read == wanted ? read : throw new IOException($"{read} bytes came of {wanted}");
                },
                static read => read != NotOurs,
                cancellationToken);
        }
        catch (ObjectStoreException failure) when (IsBehindTheEnd(failure))
        {
            return 0;
        }
        catch (ObjectStoreException failure) when (IsMissing(failure) || (version is not null && IsMarker(failure)))
        {
            throw new ObjectNotFoundException(name, Location, failure);
        }
    }

    private static bool IsBehindTheEnd(ObjectStoreException failure) =>
        failure.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.RequestedRangeNotSatisfiable };

    private static bool IsMarker(ObjectStoreException failure) =>
        failure.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.MethodNotAllowed };

    private async Task<ObjectFacts> HeadAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var answer = await _requests.SendAsync(
            "look into the repository",
            name.Value,
            ReadRight,
            0,
            (client, token) => client.GetObjectMetadataAsync(
                new GetObjectMetadataRequest { BucketName = _place.Bucket, Key = KeyOf(name) }, token),
            static answer => answer.ETag is { Length: > 0 },
            cancellationToken);
        return new ObjectFacts(
            name, answer.ContentLength, TimeOf(answer.LastModified), Capabilities.Versions ? answer.VersionId : null);
    }
}
