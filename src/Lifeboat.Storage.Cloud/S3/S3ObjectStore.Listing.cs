using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3.Model;

namespace Lifeboat.Storage.Cloud.S3;

public sealed partial class S3ObjectStore
{
    private const string ListRight = "s3:ListBucket";
    private const string VersionsRight = "s3:ListBucketVersions";
    private const string ListOperation = "list the repository";

    public async IAsyncEnumerable<ObjectFacts> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Capabilities.Versions)
        {
            // Only this listing names the versions; the newest of a name comes first.
            ObjectName? last = null;
            await foreach (var facts in NewestFirstAsync(prefix, cancellationToken))
            {
                if (facts.Name != last && !facts.IsDeleted)
                {
                    yield return facts;
                }

                last = facts.Name;
            }

            yield break;
        }

        await foreach (var page in PagesAsync(prefix, delimiter: null, cancellationToken))
        {
            foreach (var item in page.S3Objects ?? [])
            {
                if (NameOf(item.Key) is { } name)
                {
                    yield return new ObjectFacts(name, item.Size ?? 0, TimeOf(item.LastModified));
                }
            }
        }
    }

    public async ValueTask<IReadOnlyList<string>> ListChildrenAsync(string prefix, CancellationToken cancellationToken)
    {
        StorePrefix.RequireDirectory(prefix);
        var children = new List<string>();
        await foreach (var page in PagesAsync(prefix, delimiter: "/", cancellationToken))
        {
            children.AddRange((page.CommonPrefixes ?? []).Select(found => found[(_place.Prefix.Length + prefix.Length)..]));
            children.AddRange(
                (page.S3Objects ?? []).Select(item => item.Key[(_place.Prefix.Length + prefix.Length)..])
                .Where(rest => ObjectName.IsValid(rest)));
        }

        children.Sort(StringComparer.Ordinal);
        return children;
    }

    public async ValueTask<IReadOnlyList<string>> ListChildrenOfVersionsAsync(
        string prefix, CancellationToken cancellationToken)
    {
        StorePrefix.RequireDirectory(prefix);
        var children = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var page in VersionPagesAsync(prefix, delimiter: "/", cancellationToken))
        {
            children.UnionWith((page.CommonPrefixes ?? []).Select(found => found[(_place.Prefix.Length + prefix.Length)..]));
            children.UnionWith(
                (page.Versions ?? []).Select(item => item.Key[(_place.Prefix.Length + prefix.Length)..])
                .Where(rest => ObjectName.IsValid(rest)));
        }

        return [.. children];
    }

    public async IAsyncEnumerable<ObjectFacts> ListVersionsAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!Capabilities.Versions)
        {
            await foreach (var facts in ListAsync(prefix, cancellationToken))
            {
                yield return facts;
            }

            yield break;
        }

        // The store gives the newest of a name first.
        var ofOne = new List<ObjectFacts>();
        await foreach (var facts in NewestFirstAsync(prefix, cancellationToken))
        {
            if (ofOne.Count > 0 && ofOne[0].Name != facts.Name)
            {
                for (var at = ofOne.Count - 1; at >= 0; at--)
                {
                    yield return ofOne[at];
                }

                ofOne.Clear();
            }

            ofOne.Add(facts);
        }

        for (var at = ofOne.Count - 1; at >= 0; at--)
        {
            yield return ofOne[at];
        }
    }

    /// <summary>Ends uploads in parts that nobody goes on with: whoever lives has sent a part within a day.</summary>
    public async ValueTask<int> SweepAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var removed = 0;
        var request = new ListMultipartUploadsRequest { BucketName = _place.Bucket, Prefix = _place.Prefix };
        while (true)
        {
            var page = await _requests.SendAsync(
                ListOperation,
                Location,
                "s3:ListBucketMultipartUploads",
                0,
                (client, token) => client.ListMultipartUploadsAsync(request, token),
                answer => answer.IsTruncated is { } more
                    && (!more || answer.NextKeyMarker != request.KeyMarker
                        || answer.NextUploadIdMarker != request.UploadIdMarker),
                cancellationToken);
            foreach (var upload in page.MultipartUploads ?? [])
            {
                if (TimeOf(upload.Initiated) + S3Margins.Abandoned < now)
                {
                    await AbortAsync(upload.Key, upload.UploadId, cancellationToken);
                    removed++;
                }
            }

            if (page.IsTruncated != true)
            {
                return removed;
            }

            request.KeyMarker = page.NextKeyMarker;
            request.UploadIdMarker = page.NextUploadIdMarker;
        }
    }

    internal Task AbortAsync(string key, string upload, CancellationToken cancellationToken) => _requests.SendAsync(
        "give up an upload",
        key,
        "s3:AbortMultipartUpload",
        0,
        (client, token) => client.AbortMultipartUploadAsync(
            new AbortMultipartUploadRequest { BucketName = _place.Bucket, Key = key, UploadId = upload }, token),
        static answer => answer.HttpStatusCode == HttpStatusCode.NoContent,
        cancellationToken);

    private async IAsyncEnumerable<ListObjectsV2Response> PagesAsync(
        string prefix, string? delimiter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request
        {
            BucketName = _place.Bucket,
            Prefix = _place.Prefix + prefix,
            Delimiter = delimiter,
        };
        while (true)
        {
            var page = await _requests.SendAsync(
                ListOperation,
                $"{Location}/{prefix}",
                ListRight,
                0,
                (client, token) => client.ListObjectsV2Async(request, token),
                // A page that leads to itself would be listed for ever; one that says nothing of its end has been cut.
                answer => answer.IsTruncated is { } more
                    && (!more || (answer.NextContinuationToken is { Length: > 0 } next && next != request.ContinuationToken)),
                cancellationToken);
            yield return page;
            if (page.IsTruncated != true)
            {
                yield break;
            }

            request.ContinuationToken = page.NextContinuationToken;
        }
    }

    private async IAsyncEnumerable<ObjectFacts> NewestFirstAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in VersionPagesAsync(prefix, delimiter: null, cancellationToken))
        {
            foreach (var item in page.Versions ?? [])
            {
                if (NameOf(item.Key) is { } name)
                {
                    yield return new ObjectFacts(
                        name,
                        item.IsDeleteMarker == true ? 0 : item.Size ?? 0,
                        TimeOf(item.LastModified),
                        item.VersionId,
                        item.IsDeleteMarker == true);
                }
            }
        }
    }

    private async IAsyncEnumerable<ListVersionsResponse> VersionPagesAsync(
        string prefix, string? delimiter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListVersionsRequest
        {
            BucketName = _place.Bucket,
            Prefix = _place.Prefix + prefix,
            Delimiter = delimiter,
        };
        while (true)
        {
            var page = await _requests.SendAsync(
                ListOperation,
                $"{Location}/{prefix}",
                VersionsRight,
                0,
                (client, token) => client.ListVersionsAsync(request, token),
                answer => answer.IsTruncated is { } more
                    && (!more || answer.NextKeyMarker != request.KeyMarker
                        || answer.NextVersionIdMarker != request.VersionIdMarker),
                cancellationToken);
            yield return page;
            if (page.IsTruncated != true)
            {
                yield break;
            }

            request.KeyMarker = page.NextKeyMarker;
            request.VersionIdMarker = page.NextVersionIdMarker;
        }
    }

    /// <summary>Null for what no repository has made: nothing of it is ever read.</summary>
    private ObjectName? NameOf(string key) =>
        ObjectName.IsValid(key[_place.Prefix.Length..]) ? new ObjectName(key[_place.Prefix.Length..]) : null;
}
