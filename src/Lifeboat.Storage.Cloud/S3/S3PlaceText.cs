using System.Text;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>Reads and writes the text of an <see cref="S3Place"/>.</summary>
public static class S3PlaceText
{
    private const string Operation = "read the repository's place";

    private static readonly string[] s_names =
    [
        "endpoint", "region", "path-style", "storage-class", "sse", "kms-key", "profile", "ca-file", "plain-http",
        "conditional-put",
    ];

    /// <exception cref="LifeboatException">Usage: it is no such place; the hint shows one.</exception>
    public static S3Place Parse(string text)
    {
        if (!text.StartsWith(S3Place.Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw Wrong(text, $"it does not begin with {S3Place.Scheme}");
        }

        var rest = text[S3Place.Scheme.Length..];
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var options = question < 0 ? [] : OptionsOf(text, rest[(question + 1)..]);
        var path = question < 0 ? rest : rest[..question];
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var bucket = slash < 0 ? path : path[..slash];
        var prefix = slash < 0 ? "" : path[(slash + 1)..].Trim('/');
        if (!IsBucket(bucket))
        {
            throw Wrong(text, "what follows s3:// is no name of a bucket (3 to 63 of a-z, 0-9, dots and dashes; no user or password)");
        }

        if (prefix.Length > 0 && !ObjectName.IsValid(prefix))
        {
            throw Wrong(text, $"the prefix '{prefix}' has other characters than letters, digits, dots, dashes and underscores");
        }

        var place = new S3Place(bucket, prefix.Length == 0 ? "" : prefix + "/")
        {
            Endpoint = EndpointOf(text, options.GetValueOrDefault("endpoint")),
            Region = options.GetValueOrDefault("region"),
            PathStyle = FlagOf(text, options, "path-style"),
            StorageClass = options.GetValueOrDefault("storage-class"),
            Encryption = options.GetValueOrDefault("sse"),
            KmsKey = options.GetValueOrDefault("kms-key"),
            Profile = options.GetValueOrDefault("profile"),
            CertificateFile = options.GetValueOrDefault("ca-file"),
            PlainHttp = FlagOf(text, options, "plain-http") ?? false,
            ConditionalPut = FlagOf(text, options, "conditional-put") ?? true,
        };
        return place switch
        {
            { Encryption: not (null or "AES256" or "aws:kms") } => throw Wrong(text, "sse is AES256 or aws:kms"),
            { KmsKey: not null, Encryption: not "aws:kms" } => throw Wrong(text, "kms-key needs sse=aws:kms"),
            { CertificateFile: { } file } when !file.StartsWith('/') => throw Wrong(text, "ca-file is an absolute path"),
            { Endpoint: { Scheme: "http", IsLoopback: false }, PlainHttp: false } => throw Wrong(
                text,
                "its endpoint is without TLS, and anybody on the way could read and change what is stored: use https, or add "
                    + "plain-http=yes where the network is yours alone"),
            _ => place,
        };
    }

    internal static string Of(S3Place place)
    {
        var text = new StringBuilder(S3Place.Scheme).Append(place.Bucket);
        if (place.Prefix.Length > 0)
        {
            text.Append('/').Append(place.Prefix.AsSpan().TrimEnd('/'));
        }

        var begun = false;
        Add("endpoint", place.Endpoint?.GetLeftPart(UriPartial.Path).TrimEnd('/'));
        Add("region", place.Region);
        Add("path-style", YesNo(place.PathStyle));
        Add("storage-class", place.StorageClass);
        Add("sse", place.Encryption);
        Add("kms-key", place.KmsKey);
        Add("profile", place.Profile);
        Add("ca-file", place.CertificateFile);
        Add("plain-http", place.PlainHttp ? "yes" : null);
        Add("conditional-put", place.ConditionalPut ? null : "no");
        return text.ToString();

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                text.Append(begun ? '&' : '?').Append(name).Append('=').Append(Escape(value));
                begun = true;
            }
        }
    }

    // What would end the value, and what a shell or the server's own replacing of %p takes for itself.
    private static string Escape(string value) =>
        Uri.EscapeDataString(value).Replace("%3A", ":", StringComparison.Ordinal).Replace("%2F", "/", StringComparison.Ordinal);

    private static string? YesNo(bool? value) => value is null ? null : value.Value ? "yes" : "no";

    private static Dictionary<string, string> OptionsOf(string text, string query)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? part : part[..equals];
            if (!s_names.Contains(name))
            {
                throw Wrong(text, $"'{name}' is none of {string.Join(", ", s_names)}");
            }

            if (equals < 0 || equals == part.Length - 1 || !options.TryAdd(name, Uri.UnescapeDataString(part[(equals + 1)..])))
            {
                throw Wrong(text, $"'{name}' has no value, or is given twice");
            }
        }

        return options;
    }

    private static bool? FlagOf(string text, Dictionary<string, string> options, string name) =>
        options.GetValueOrDefault(name) switch
        {
            null => null,
            "yes" or "true" => true,
            "no" or "false" => false,
            var other => throw Wrong(text, $"{name} is yes or no, and not '{other}'"),
        };

    private static Uri? EndpointOf(string text, string? value) => value is null
        ? null
        : Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            && uri.UserInfo.Length == 0 && uri.Query.Length == 0
                ? uri
                : throw Wrong(text, "endpoint is https://HOST or https://HOST:PORT, without user and password");

    private static bool IsBucket(string name) =>
        name.Length is >= 3 and <= 63
        && name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-')
        && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1]);

    private static LifeboatException Wrong(string text, string cause)
    {
        // A secret that was written into the place must not come back in a message.
        var at = text.IndexOf('@', StringComparison.Ordinal);
        return new LifeboatException(new Failure(
            ErrorCode.Usage,
            Operation,
            at < 0 ? text : S3Place.Scheme + "…" + text[at..],
            cause,
            Hint: "Give for instance s3://bucket/prefix?region=eu-central-1, or for a store of your own "
                + "s3://bucket/prefix?endpoint=https://storage.example:9000. Keys come from AWS_ACCESS_KEY_ID and "
                + "AWS_SECRET_ACCESS_KEY, or from a profile (profile=NAME)."));
    }
}
