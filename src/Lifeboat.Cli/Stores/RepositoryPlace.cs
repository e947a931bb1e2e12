using Lifeboat.Cli.Options;
using Lifeboat.Storage.Cloud.S3;

namespace Lifeboat.Cli.Stores;

/// <summary>Where <c>--repository</c> points to: a directory, or a bucket.</summary>
/// <param name="Text">The absolute path, or the URL: what leads there from any directory.</param>
/// <param name="Directory">Null for a bucket.</param>
internal sealed record RepositoryPlace(string Text, string? Directory)
{
    private const string Local = "file://";

    /// <summary>The bucket; null for a directory. Read anew at each call, so that a directory pays nothing for it.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">Usage: the URL is wrong.</exception>
    public S3Place? Bucket => Directory is null ? S3PlaceText.Parse(Text) : null;

    /// <exception cref="Platform.Errors.LifeboatException">Usage: none was given, or another kind of place.</exception>
    public static RepositoryPlace Of(Settings settings)
    {
        var value = settings.Find(GlobalSettings.Repository) ?? throw SettingReading.Missing(GlobalSettings.Repository);
        if (value.Text.StartsWith(S3Place.Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return new RepositoryPlace(S3PlaceText.Parse(value.Text).ToString(), Directory: null);
        }

        var path = Parse(value.Text) ?? throw SettingReading.Wrong(
            value,
            "this kind of place is not supported",
            "Give the path of a directory, file:///path, or s3://bucket/prefix; another host's directory can be mounted "
                + "(NFS, SSHFS).");
        return new RepositoryPlace(path, path);
    }

    /// <summary>
    /// The absolute path of a directory. Null when the text is a URL of another scheme, or a file URL of another host.
    /// </summary>
    internal static string? Parse(string text)
    {
        if (text.StartsWith(Local, StringComparison.OrdinalIgnoreCase))
        {
            var path = text[Local.Length..];
            if (path.StartsWith("localhost/", StringComparison.OrdinalIgnoreCase))
            {
                path = path["localhost".Length..];
            }

            return path.StartsWith('/') ? Path.GetFullPath(Uri.UnescapeDataString(path)) : null;
        }

        // "host:/path" is what people know from scp: taken as a directory of that name it would be a quiet surprise.
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return colon >= 0 && (slash < 0 || colon < slash) ? null : Path.GetFullPath(text);
    }
}
