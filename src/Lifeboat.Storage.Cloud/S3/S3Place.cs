namespace Lifeboat.Storage.Cloud.S3;

/// <summary>
/// A bucket, or a part of one, that holds a repository: <c>s3://bucket/prefix?endpoint=https://host:port&amp;region=…</c>.
/// Everything that leads there is in this one text, and no secret is: so it can stand in a command line of the server.
/// </summary>
/// <param name="Bucket">3 to 63 characters of <c>a-z 0-9 . -</c>.</param>
/// <param name="Prefix">Empty, or ending with a slash.</param>
public sealed record S3Place(string Bucket, string Prefix)
{
    public const string Scheme = "s3://";

    /// <summary>Of a store that is not Amazon's; null for Amazon's own of the region.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Null: from the environment or the profile, and <c>us-east-1</c> with an endpoint.</summary>
    public string? Region { get; init; }

    /// <summary><c>https://host/bucket</c> in place of <c>https://bucket.host</c>; without it, so with an endpoint.</summary>
    public bool? PathStyle { get; init; }

    /// <summary>As the store calls it: <c>STANDARD_IA</c>; null for its default.</summary>
    public string? StorageClass { get; init; }

    /// <summary><c>AES256</c> or <c>aws:kms</c>; null for the bucket's default.</summary>
    public string? Encryption { get; init; }

    /// <summary>The id of the key for <c>aws:kms</c>.</summary>
    public string? KmsKey { get; init; }

    /// <summary>The profile of the shared credentials file; null for the default one.</summary>
    public string? Profile { get; init; }

    /// <summary>A file with certificates (PEM) that are trusted in place of the system's.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>Whether http without TLS is allowed to another host than this one.</summary>
    public bool PlainHttp { get; init; }

    /// <summary>Whether the store decides by itself that a put only creates (<c>If-None-Match</c>).</summary>
    public bool ConditionalPut { get; init; } = true;

    /// <summary>The place as one text, as <see cref="S3PlaceText.Parse"/> reads it.</summary>
    public override string ToString() => S3PlaceText.Of(this);
}
