using Lifeboat.Cli.Options;
using Lifeboat.Cli.Stores;
using Lifeboat.Engine.Lineages;
using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Server;

namespace Lifeboat.Cli.Commands;

/// <summary>
/// The WAL commands' way over a service that runs on this host. It is only waited for; whatever is not proved by files
/// afterwards, the command does itself, errors included.
/// </summary>
internal static class ServiceAsked
{
    /// <summary>Whether the file of <c>wal push</c> is durable already, or is when the service has pushed it.</summary>
    public static bool IsArchived(CommandContext context) => Try(context, context.Arguments[0], (places, evidence) =>
    {
        var name = PosixPath.Name(context.Arguments[0]);
        if (!WalFileName.IsSegment(name) || !IsSameFile(context, context.Arguments[0], places, name))
        {
            return false;
        }

        if (!evidence.IsArchived(name))
        {
            ServeClient.WaitForPush(places, name);
        }

        return evidence.IsArchived(name);
    });

    /// <summary>Whether <c>wal fetch</c> was done from the service's spool.</summary>
    public static bool TryTake(CommandContext context) => Try(context, context.Arguments[1], (places, evidence) =>
    {
        var name = context.Arguments[0];
        if (!WalFileName.IsSegment(name) || !IsInPgWal(context, context.Arguments[1], places))
        {
            return false;
        }

        // The question also tells the service where recovery is.
        ServeClient.WaitForFetch(places, name);
        return evidence.TryTake(name, context.Arguments[1]);
    });

    private static bool Try(CommandContext context, string path, Func<ServicePlaces, ServiceEvidence, bool> ask)
    {
        try
        {
            var directory = ServerDirectory.Locate(
                context.Files, context.Settings.Path(CommonSettings.ClusterDirectory), path);
            if (directory is null)
            {
                return false;
            }

            // What proves that the service is right is files in the repository's directory.
            if (RepositoryPlace.Of(context.Settings).Directory is not { } repository)
            {
                return false;
            }

            var places = new ServicePlaces(context.Files.RealPath(directory), context.ClusterName());
            return context.Files.Stat(places.Socket) is not null && ask(
                places, new ServiceEvidence(context.Files, places, repository));
        }
        catch (FileSystemException)
        {
            return false;
        }
    }

    private static bool IsSameFile(CommandContext context, string path, ServicePlaces places, string name) =>
        context.Files.StatTarget(path) is { } given
        && context.Files.StatTarget(PosixPath.Combine(places.DataDirectory, $"pg_wal/{name}")) is { } usual
        && given.Device == usual.Device && given.Inode == usual.Inode;

    private static bool IsInPgWal(CommandContext context, string path, ServicePlaces places) =>
        context.Files.StatTarget(PosixPath.Parent(path)) is { } given
        && context.Files.StatTarget(PosixPath.Combine(places.DataDirectory, "pg_wal")) is { } usual
        && given.Device == usual.Device && given.Inode == usual.Inode;
}
