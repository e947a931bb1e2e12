using System.Text;
using Lifeboat.Cli.Commands;
using Lifeboat.Cli.Options;
using Lifeboat.Platform.Files;

namespace Lifeboat.Cli.Configuration;

/// <summary>Finds the configuration file of a call.</summary>
internal static class ConfigurationSource
{
    /// <summary>The file named by the option or the variable, else the default one when it exists, else null.</summary>
    /// <remarks>Nothing of the YAML library is touched when there is no file: the WAL commands start often.</remarks>
    public static ConfigurationFile? Load(
        IReadOnlyDictionary<string, IReadOnlyList<string>> given, Func<string, string?> variable, IFileSystem files)
    {
        var named = given.TryGetValue(GlobalSettings.Config.Name, out var texts) ? texts[^1]
            : variable(GlobalSettings.Config.Variable) is { Length: > 0 } text ? text
            : null;
        if (named is null && files.StatTarget(GlobalSettings.DefaultConfigurationFile) is null)
        {
            return null;
        }

        var path = Path.GetFullPath(named ?? GlobalSettings.DefaultConfigurationFile);
        return ConfigurationReader.Read(
            path,
            Encoding.UTF8.GetString(PlainFile.Read(files, path)),
            CommandTable.All.Select(command => (command.Name, command.Settings)));
    }
}
