using Lifeboat.Cli.Options;

namespace Lifeboat.Cli.Stores;

/// <summary>Where <c>--repository</c> points to.</summary>
internal static class RepositoryPlace
{
    /// <summary>The absolute path of a repository in a local or mounted directory.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">Usage: none was given, or another kind of place.</exception>
    public static string Of(Settings settings)
    {
        var value = settings.Find(GlobalSettings.Repository) ?? throw SettingReading.Missing(GlobalSettings.Repository);
        return Parse(value.Text) ?? throw SettingReading.Wrong(
            value,
            "this kind of place is not supported",
            "Give the path of a directory, or file:///path; another host's directory can be mounted (NFS, SSHFS).");
    }

    /// <summary>Null when the text is a URL of another scheme, or a file URL of another host.</summary>
    internal static string? Parse(string text)
    {
        const string local = "file://";
        if (text.StartsWith(local, StringComparison.OrdinalIgnoreCase))
        {
            var path = text[local.Length..];
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
