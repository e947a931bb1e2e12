using Lifeboat.Engine.Files;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// Configuration that lies outside the data directory, as Debian's does: without it a restored cluster does not start.
/// It is kept in the manifest, with the place where a plain start of the server looks for it.
/// </summary>
internal static class OutsideConfiguration
{
    /// <summary>All files together; a manifest's document must fit into one frame.</summary>
    private const int MostBytes = 512 << 10;

    internal static async Task<ConfigurationFile[]> ReadAsync(
        IConfigurationReader reader, ServerFacts server, List<string> warnings, CancellationToken cancellationToken)
    {
        var wanted = Wanted(server, reader, warnings);
        var kept = new List<ConfigurationFile>();
        var left = MostBytes;
        foreach (var (role, source, target) in wanted)
        {
            var (content, reason) = await reader.ReadAsync(source, left + 1, cancellationToken);
            if (content is null)
            {
                warnings.Add($"not kept: {reason}; a restored copy will lack this configuration");
            }
            else if (content.Length > left)
            {
                warnings.Add($"not kept: {PosixPath.Display(source)} is larger than configuration should be");
            }
            else
            {
                left -= content.Length;
                kept.Add(new ConfigurationFile(role, source, target, content));
            }
        }

        return [.. kept, .. IncludedFolders(kept)];
    }

    /// <summary>
    /// A folder that configuration includes must exist, even when it is empty, or the server does not start. It is kept as
    /// an entry without content.
    /// </summary>
    private static IEnumerable<ConfigurationFile> IncludedFolders(List<ConfigurationFile> kept)
    {
        foreach (var file in kept.Where(file => file.Role is "config_file" or "include" && file.Target.Length > 0))
        {
            foreach (var folder in ConfigurationText.Values(PosixPath.Decode(file.Content), "include_dir"))
            {
                var target = folder.StartsWith(PosixPath.Parent(file.Source) + "/", StringComparison.Ordinal)
                    ? folder[(PosixPath.Parent(file.Source).Length + 1)..]
                    : folder;
                if (!target.StartsWith('/'))
                {
                    var parent = PosixPath.Parent(file.Target);
                    yield return new ConfigurationFile(
                        ConfigurationText.FolderRole,
                        folder,
                        parent == "." ? target.TrimEnd('/') : PosixPath.Combine(parent, target.TrimEnd('/')),
                        []);
                }
            }
        }
    }

    private static List<(string Role, string Source, string Target)> Wanted(
        ServerFacts server, IConfigurationReader reader, List<string> warnings)
    {
        var wanted = new List<(string Role, string Source, string Target)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        void Want(string role, string? source, string target)
        {
            if (source is not null && reader.IsOutside(source) && seen.Add(source))
            {
                wanted.Add((role, source, target));
            }
        }

        if (server.ConfigFile is null)
        {
            warnings.Add(
                "the role may not see where configuration lies; if it is outside the data directory, it is not kept "
                + "(GRANT pg_read_all_settings)");
            return wanted;
        }

        Want("config_file", server.ConfigFile, "postgresql.conf");
        Want("hba_file", server.HbaFile, "pg_hba.conf");
        Want("ident_file", server.IdentFile, "pg_ident.conf");
        var folder = PosixPath.Parent(server.ConfigFile) + "/";
        foreach (var included in server.ConfigurationFiles ?? [])
        {
            // What is included by a path relative to postgresql.conf is found again at the same place beside it.
            var target = included.StartsWith(folder, StringComparison.Ordinal) ? included[folder.Length..] : "";
            Want("include", included, target);
        }

        return wanted;
    }
}
