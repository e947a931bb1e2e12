using System.Text;
using Lifeboat.Engine.Files;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Restore;

/// <summary>
/// Puts configuration that lay outside the data directory where a plain start of the server looks for it: beside
/// pg_control. Settings that point back to the old places are switched off.
/// </summary>
internal static class OutsideConfigurationFiles
{
    private static readonly string[] OldPlaces = ["data_directory", "hba_file", "ident_file", "external_pid_file"];

    /// <summary>Creates one file and returns the bytes written.</summary>
    internal delegate long MakeFile(string path, ReadOnlySpan<byte> content, bool isListed);

    internal static long Place(
        IEnumerable<ConfigurationFile> kept, MakeFile make, Action<string> makeFolder, List<string> warnings)
    {
        var written = 0L;
        foreach (var file in kept)
        {
            if (file.Target.Length == 0 || !RestorePaths.IsSafe(file.Target))
            {
                warnings.Add(
                    $"{PosixPath.Display(file.Source)} was included by an absolute path and is not put back; its content is in "
                    + "the backup ('lifeboat show --output json')");
                continue;
            }

            MakeFolders(file.Target, makeFolder);
            if (file.Role == ConfigurationText.FolderRole)
            {
                makeFolder(file.Target);
                continue;
            }

            written += make(file.Target, file.Role == "config_file" ? Adapted(file) : file.Content, isListed: true);
        }

        return written;
    }

    private static void MakeFolders(string target, Action<string> makeFolder)
    {
        for (var slash = target.IndexOf('/'); slash > 0; slash = target.IndexOf('/', slash + 1))
        {
            makeFolder(target[..slash]);
        }
    }

    private static byte[] Adapted(ConfigurationFile file)
    {
        var text = new StringBuilder();
        foreach (var line in PosixPath.Decode(file.Content).Split('\n'))
        {
            if (OldPlaces.Contains(ConfigurationText.NameOf(line), StringComparer.OrdinalIgnoreCase))
            {
                text.Append("# switched off by the restore: ");
            }

            text.Append(line).Append('\n');
        }

        // Split gives one line more than there are line breaks.
        text.Length--;
        return PosixPath.Encode(text.ToString());
    }
}
