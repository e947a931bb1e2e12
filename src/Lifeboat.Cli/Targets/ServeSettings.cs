using Lifeboat.Cli.Options;
using Lifeboat.Cli.Output;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Cli.Targets;

/// <summary>The two commands with which a server uses a service, for this call's repository, cluster and key.</summary>
internal static class ServeSettings
{
    /// <exception cref="LifeboatException">Usage: the commands would be longer than PostgreSQL takes.</exception>
    public static ServeSettingsDocument Of(Settings settings, IReadOnlyList<string> program)
    {
        // In the shell's variable R, so that what is tested and what is used cannot come to differ.
        var place = RepositoryPlace.Of(settings);
        var repository = RestoreCommandLine.Quoted(place.Text);
        var cluster = settings.Text(GlobalSettings.Cluster)!;
        var words = string.Join(' ', program.Select(RestoreCommandLine.Quoted));
        if (place.Directory is null)
        {
            // A shell cannot see whether an object of a bucket is there: the program is started, and waits for the service.
            var there = RestoreCommandLine.Place(settings, repository);
            return new ServeSettingsDocument($"{words} wal push \"%p\"{there}", $"{words} wal fetch %f \"%p\"{there}");
        }

        var rest = RestoreCommandLine.Place(settings, repository: "\"$R\"");
        var archive = ShellCommands.Archive(repository, cluster, $"{words} wal push \"%p\"{rest}");
        var restore = ShellCommands.Restore(repository, cluster, $"{words} wal fetch %f \"%p\"{rest}");
        return Math.Max(archive.Length, restore.Length) <= ShellCommands.MostBytes
            ? new ServeSettingsDocument(archive, restore)
            : throw UsageError.Of(
                "print the settings",
                repository,
                "with these paths the commands are longer than PostgreSQL 14 and older take",
                "Use shorter paths, for instance by a link to the program or to the repository.");
    }
}
