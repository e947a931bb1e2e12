using System.Buffers;
using System.Numerics;
using Amazon.S3.Model;
using Lifeboat.Storage.Locks;
using Lifeboat.Storage.Retry;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>
/// Sends an object in parts while it is written, a few at a time; a small one as a whole. Owns its buffers: a part's is
/// nobody else's until it is sent.
/// </summary>
internal sealed class S3ObjectWriter(S3ObjectStore store, ObjectName name, ObjectRetention? retention) : IObjectWriter
{
    /// <summary>The shared pool would keep a part's memory for each thread that ever gave one back.</summary>
    private static readonly ArrayPool<byte> s_memory = ArrayPool<byte>.Create(S3Margins.PartSize, 4 * S3Margins.MostParts);

    private const string Operation = "write to the repository";
    private const string Right = "s3:PutObject";

    private readonly List<Task<PartETag>> _parts = [];
    private readonly SemaphoreSlim _free = new(S3Margins.MostParts);
    private byte[] _buffer = [];
    private int _filled;
    private string? _upload;
    private bool _spent;

    public ObjectName Name => name;

    public long Length { get; private set; }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        RequireUnspent();
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            while (content.Length > 0)
            {
                Grow(content.Length);
                var count = Math.Min(content.Length, _buffer.Length - _filled);
                content[..count].CopyTo(_buffer.AsMemory(_filled));
                content = content[count..];
                _filled += count;
                Length += count;
                if (_filled == S3Margins.PartSize)
                {
                    await SendPartAsync(cancellationToken);
                }
            }
        }
        catch
        {
            _spent = true;
            throw;
        }
    }

    public async ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken)
    {
        RequireUnspent();
        _spent = true;
        cancellationToken.ThrowIfCancellationRequested();
        if (_upload is null)
        {
            var content = _buffer.AsMemory(0, _filled);
            var attempts = 0;
            var outcome = await RepeatedPut.RunAsync(
                store.Requests.Uploads,
                store,
                name,
                content,
                () =>
                {
                    attempts++;
                    return store.PutAsync(name, content, condition, retention, cancellationToken);
                },
                cancellationToken);
            Release(_buffer, attempts);
            return outcome;
        }

        if (_filled > 0)
        {
            await SendPartAsync(cancellationToken);
        }

        var parts = await Task.WhenAll(_parts);

        // Not every store looks at the condition when parts are put together.
        if (condition == PutCondition.IfAbsent
            && await store.Requests.Uploads.RunAsync(_ => store.StatAsync(name, cancellationToken), cancellationToken) is not null)
        {
            return PutOutcome.AlreadyExists;
        }

        string? version;
        try
        {
            version = await store.Requests.Uploads.RunAsync(
                attempt => PutTogetherAsync(parts, condition, attempt, cancellationToken), cancellationToken);
        }
        catch (ObjectStoreException failure) when (S3ObjectStore.IsTaken(failure))
        {
            return PutOutcome.AlreadyExists;
        }

        _upload = null;
        if (await store.Requests.Uploads.RunAsync(_ => store.StatAsync(name, cancellationToken), cancellationToken) is { } there
            && there.Size == Length)
        {
            await RequireLockAsync(version ?? there.Version, cancellationToken);
            return PutOutcome.Created;
        }

        throw new ObjectStoreException(new Platform.Errors.Failure(
                Platform.Errors.ErrorCode.StoreUnavailable,
                Operation,
                name.Value,
                "the store said that it put the parts together, and does not show the object",
                Transient: true,
                Hint: "Run the same command again; if this repeats, the store is not one to trust with backups."));
    }

    /// <returns>The version that was made; null when the store told none.</returns>
    private async ValueTask<string?> PutTogetherAsync(
        PartETag[] parts, PutCondition condition, int attempt, CancellationToken cancellationToken)
    {
        // The attempt before may have done it, and its answer was lost: the upload is unknown then.
        if (attempt > 1 && await store.StatAsync(name, cancellationToken) is { } made && made.Size == Length)
        {
            return made.Version;
        }

        return (await store.Requests.SendAsync(
            Operation,
            name.Value,
            Right,
            Length,
            (client, token) => client.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest
                {
                    BucketName = store.Place.Bucket,
                    Key = store.KeyOf(name),
                    UploadId = _upload,
                    PartETags = [.. parts],
                    IfNoneMatch = store.IsConditional(condition) ? "*" : null,
                },
                token),
            // Some stores give no ETag here; the name is in every success and in no error.
            static answer => answer.Key is { Length: > 0 },
            cancellationToken)).VersionId;
    }

    /// <summary>Some stores forget the lock of an upload in parts (Ceph 16.2): then it is set behind it.</summary>
    private async ValueTask RequireLockAsync(string? version, CancellationToken cancellationToken)
    {
        if (retention is not { } asked || version is null)
        {
            return;
        }

        var made = new ObjectVersion(name, version);
        if (await store.ReadRetentionAsync(made, cancellationToken) is not { } held
            || held.Mode < asked.Mode || held.Until < asked.Until)
        {
            await store.WriteRetentionAsync(made, asked, bypass: false, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _spent = true;
        try
        {
            await Task.WhenAll(_parts);
        }
        catch (Exception)
        {
            // Whoever wrote has heard of it, or has given up.
        }

        _free.Dispose();
        if (_upload is { } upload)
        {
            _upload = null;
            try
            {
                await store.AbortAsync(store.KeyOf(name), upload, CancellationToken.None);
            }
            catch (ObjectStoreException)
            {
                // What stays behind is removed by a sweep; it was never an object.
            }
        }
    }

    private async Task SendPartAsync(CancellationToken cancellationToken)
    {
        _upload ??= await store.Requests.Uploads.RunAsync(_ => BeginAsync(cancellationToken), cancellationToken);
        await _free.WaitAsync(cancellationToken);
        if (_parts.Find(part => part.IsFaulted) is { } failed)
        {
            await failed;
        }

        var (buffer, length, number) = (_buffer, _filled, _parts.Count + 1);
        _buffer = [];
        _filled = 0;
        _parts.Add(SendPartAsync(_upload, number, buffer, length, cancellationToken));
    }

    private async Task<PartETag> SendPartAsync(
        string upload, int number, byte[] buffer, int length, CancellationToken cancellationToken)
    {
        try
        {
            var content = buffer.AsMemory(0, length);
            var attempts = 0;
            var part = await store.Requests.Uploads.RunAsync(
                attempt =>
                {
                    attempts = attempt;
                    return SendPartOnceAsync(upload, number, content, cancellationToken);
                },
                cancellationToken);
            Release(buffer, attempts);
            return part;
        }
        finally
        {
            _free.Release();
        }
    }

    private async ValueTask<PartETag> SendPartOnceAsync(
        string upload, int number, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        using var stream = new ReadOnlyMemoryStream(content);
        var answer = await store.Requests.SendAsync(
            Operation,
            name.Value,
            Right,
            content.Length * S3Margins.MostParts,
            (client, token) => client.UploadPartAsync(
                new UploadPartRequest
                {
                    BucketName = store.Place.Bucket,
                    Key = store.KeyOf(name),
                    UploadId = upload,
                    PartNumber = number,
                    InputStream = stream,
                    PartSize = content.Length,
                    MD5Digest = S3ObjectStore.DigestOf(content, retention),
                },
                token),
            static answer => answer.ETag is { Length: > 0 },
            cancellationToken);
        return new PartETag(number, answer.ETag);
    }

    /// <summary>One that was begun in vain, its answer lost, is removed by a sweep.</summary>
    private async ValueTask<string> BeginAsync(CancellationToken cancellationToken)
    {
        var answer = await store.Requests.SendAsync(
            Operation,
            name.Value,
            Right,
            0,
            (client, token) => client.InitiateMultipartUploadAsync(
                new InitiateMultipartUploadRequest
                {
                    BucketName = store.Place.Bucket,
                    Key = store.KeyOf(name),
                    StorageClass = store.StorageClassOf(),
                    ServerSideEncryptionMethod = store.EncryptionOf(),
                    ServerSideEncryptionKeyManagementServiceKeyId = store.Place.KmsKey,
                    ObjectLockMode = S3ObjectStore.ModeOf(retention),
                    ObjectLockRetainUntilDate = retention?.Until.UtcDateTime,
                },
                token),
            static answer => answer.UploadId is { Length: > 0 },
            cancellationToken);
        return answer.UploadId;
    }

    /// <summary>A small object needs no buffer of a whole part.</summary>
    private void Grow(int more)
    {
        if (_filled < _buffer.Length)
        {
            return;
        }

        // Powers of two, so that the pool's arrays are no longer than a part.
        var size = _upload is null
            ? Math.Min(S3Margins.PartSize, (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max((long)_filled + more, _buffer.Length * 2L)))
            : S3Margins.PartSize;
        var grown = s_memory.Rent((int)size);
        _buffer.AsSpan(0, _filled).CopyTo(grown);
        Release(_buffer, attempts: 0);
        _buffer = grown;
    }

    /// <summary>Back to the pool, unless an attempt was broken off: its transfer may read it still.</summary>
    private static void Release(byte[] buffer, int attempts)
    {
        if (buffer.Length > 0 && attempts <= 1)
        {
            s_memory.Return(buffer);
        }
    }

    private void RequireUnspent()
    {
        if (_spent)
        {
            throw new InvalidOperationException($"the writer of '{name}' is completed or disposed");
        }
    }
}
