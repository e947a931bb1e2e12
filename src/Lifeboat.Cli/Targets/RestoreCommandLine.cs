using System.Text;
using Lifeboat.Cli.Options;
using Lifeboat.Cli.Stores;

namespace Lifeboat.Cli.Targets;

/// <summary>
/// The <c>restore_command</c> that a restore writes: the same program, repository, cluster and key, by absolute paths,
/// since the server runs it in its data directory and with its own environment.
/// </summary>
internal static class RestoreCommandLine
{
    public static string Of(Settings settings, IReadOnlyList<string> program)
    {
        var line = new StringBuilder();
        foreach (var word in program)
        {
            line.Append(Quoted(word)).Append(' ');
        }

        line.Append("wal fetch %f \"%p\"").Append(Place(settings, Quoted(RepositoryPlace.Of(settings).Text)));
        return line.ToString();
    }

    /// <summary>The options that lead to the repository, the cluster and its key; begins with a space.</summary>
    /// <param name="repository">As one word of a shell.</param>
    internal static string Place(Settings settings, string repository)
    {
        var line = new StringBuilder();
        line.Append(' ').Append(GlobalSettings.Repository.Option).Append(' ').Append(repository);
        Add(line, GlobalSettings.Cluster, settings.Text(GlobalSettings.Cluster)!);
        if (SecretSource.KeyFilePath(settings) is { } keyFile)
        {
            Add(line, GlobalSettings.KeyFile, keyFile);
        }
        else if (!SecretSource.IsOnlyInEnvironment(settings)
            && settings.Path(GlobalSettings.PassphraseFile) is { } passphraseFile)
        {
            Add(line, GlobalSettings.PassphraseFile, passphraseFile);
        }

        if (settings.ConfigurationPath is { } configuration && configuration != GlobalSettings.DefaultConfigurationFile)
        {
            Add(line, GlobalSettings.Config, configuration);
        }

        return line.ToString();
    }

    /// <summary>
    /// A command line for a person that restores to a target, with the places given as they were; <c>--to</c> is left to be
    /// filled in.
    /// </summary>
    public static string ForTarget(Settings settings, IEnumerable<string> target)
    {
        var line = new StringBuilder("lifeboat restore");
        Add(line, GlobalSettings.Repository, RepositoryPlace.Of(settings).Text);
        foreach (var setting in new[] { GlobalSettings.Cluster, GlobalSettings.KeyFile, GlobalSettings.PassphraseFile })
        {
            if (settings.IsGiven(setting))
            {
                Add(line, setting, settings.Text(setting)!);
            }
        }

        line.Append(" --to DIR");
        foreach (var word in target)
        {
            line.Append(' ').Append(word);
        }

        // No server replaces anything in this one.
        return line.Replace("%%", "%").ToString();
    }

    /// <summary>How this program is started: its own executable, or the runtime with its assembly.</summary>
    public static IReadOnlyList<string> ThisProgram()
    {
        var executable = Environment.ProcessPath ?? "lifeboat";
        return Path.GetFileNameWithoutExtension(executable) == "dotnet"
            ? [executable, Path.Combine(AppContext.BaseDirectory, "lifeboat.dll")]
            : [executable];
    }

    /// <summary>
    /// One word for the shell, whatever it holds; and with each % doubled, because the server replaces %f, %p and %r
    /// before the shell sees the line.
    /// </summary>
    internal static string Quoted(string word)
    {
        var text = word.Replace("%", "%%", StringComparison.Ordinal);
        return text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || "/._-+:@,=%".Contains(c))
            ? text
            : $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
    }

    private static void Add(StringBuilder line, Setting setting, string value) =>
        line.Append(' ').Append(setting.Option).Append(' ').Append(Quoted(value));
}
