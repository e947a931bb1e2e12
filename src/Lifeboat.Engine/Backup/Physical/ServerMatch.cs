using System.Globalization;
using System.Text;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Server;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// Whether the server behind a connection is the one that runs on a data directory. Copying one server's files under
/// another one's backup label would make a backup of nothing.
/// </summary>
internal static class ServerMatch
{
    private const string Operation = "match the server with its data directory";
    private const int PortLine = 3;
    private const int StartLine = 2;

    /// <summary>postmaster.pid notes the start in whole seconds, a moment before the server notes it for SQL.</summary>
    private static readonly TimeSpan StartTolerance = TimeSpan.FromSeconds(10);

    /// <summary>The control file of the directory, once all that can be compared agrees.</summary>
    /// <exception cref="LifeboatException">Mismatch, NotFound, Denied.</exception>
    internal static async ValueTask<ControlFile> CheckAsync(
        IFileSystem files,
        string directory,
        ServerFacts server,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (files.StatTarget(directory) is not { Kind: FileKind.Directory } here)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.NotFound,
                Operation,
                PosixPath.Display(directory),
                "there is no such directory",
                Hint: "Check --cluster-dir; 'SHOW data_directory' on the server tells where it is. On another host than the "
                    + "server's its files cannot be read."));
        }

        var control = await ServerDirectory.ReadControlAsync(files, directory, time, cancellationToken);
        if (control.SystemIdentifier != server.SystemIdentifier)
        {
            throw Mismatch(
                directory,
                $"its system identifier is {control.SystemIdentifier}, and the server's is {server.SystemIdentifier}");
        }

        CheckPlace(files, directory, here, server);
        CheckPostmaster(files, directory, server);
        return control;
    }

    private static void CheckPlace(IFileSystem files, string directory, FileStatus here, ServerFacts server)
    {
        // Seen through another mount (a container's, say) the server's own path may not exist here.
        if (server.DataDirectory is { } told && files.StatTarget(told) is { } there
            && (there.Device != here.Device || there.Inode != here.Inode)
            && files.StatTarget(PosixPath.Combine(told, "postmaster.pid")) is not null)
        {
            throw Mismatch(directory, $"the server's data directory is {PosixPath.Display(told)}");
        }
    }

    private static void CheckPostmaster(IFileSystem files, string directory, ServerFacts server)
    {
        var lines = ReadPostmaster(files, directory);
        if (lines is null)
        {
            throw Mismatch(directory, "no server runs on it (it has no postmaster.pid)");
        }

        if (lines.Length > PortLine
            && int.TryParse(lines[PortLine].Trim(), CultureInfo.InvariantCulture, out var port) && port != server.Port)
        {
            throw Mismatch(directory, $"the server that runs on it listens on port {port}, and this one on {server.Port}");
        }

        if (lines.Length > StartLine
            && long.TryParse(lines[StartLine].Trim(), CultureInfo.InvariantCulture, out var started)
            && (DateTimeOffset.FromUnixTimeSeconds(started) - server.StartedAt).Duration() > StartTolerance)
        {
            throw Mismatch(directory, "the server that runs on it was started at another time than this one");
        }
    }

    private static string[]? ReadPostmaster(IFileSystem files, string directory)
    {
        try
        {
            using var file = files.OpenRead(PosixPath.Combine(directory, "postmaster.pid"));
            var content = new byte[4096];
            return Encoding.UTF8.GetString(content, 0, file.Read(content, 0)).Split('\n');
        }
        catch (FileSystemException missing) when (missing.IsMissing)
        {
            return null;
        }
    }

    private static LifeboatException Mismatch(string directory, string cause) => new(new Failure(
        ErrorCode.Mismatch,
        Operation,
        PosixPath.Display(directory),
        cause,
        Hint: "Give --cluster-dir and --connection of the same server; 'SHOW data_directory' on it tells where it is."));
}
