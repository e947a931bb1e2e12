using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>How configuration from outside the data directory is read.</summary>
internal interface IConfigurationReader
{
    /// <summary>Whether there is such a file, or may be one, and it is no part of the data directory.</summary>
    bool IsOutside(string path);

    /// <param name="most">Bytes; more than these are not read.</param>
    /// <returns>Null, and why, when it cannot be read.</returns>
    ValueTask<(byte[]? Content, string Reason)> ReadAsync(string path, int most, CancellationToken cancellationToken);
}

/// <summary>From the files of this host.</summary>
internal sealed class DirectoryConfiguration(IFileSystem files, string directory) : IConfigurationReader
{
    private readonly string _root = files.RealPath(directory);

    public bool IsOutside(string path) =>
        files.StatTarget(path) is not null && !files.RealPath(path).StartsWith(_root + "/", StringComparison.Ordinal);

    public ValueTask<(byte[]? Content, string Reason)> ReadAsync(
        string path, int most, CancellationToken cancellationToken)
    {
        try
        {
            using var file = files.OpenRead(path);
            var content = new byte[Math.Min(file.Status().Size + 1, most)];
            return new((content[..file.Read(content, 0)], ""));
        }
        catch (FileSystemException error)
        {
            return new((null, error.Message));
        }
    }
}

/// <summary>Through the server, as far as the role may read files there.</summary>
internal sealed class ServerConfiguration(ServerSession session, string? directory) : IConfigurationReader
{
    public bool IsOutside(string path) =>
        directory is null || !path.StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal);

    public async ValueTask<(byte[]? Content, string Reason)> ReadAsync(
        string path, int most, CancellationToken cancellationToken)
    {
        var (allowed, content) = await ServerFile.TryReadAsync(session, path, cancellationToken);
        return content is not null
            ? (content, "")
            : (null, PosixPath.Display(path) + (allowed
                ? " is not there"
                : " lies outside the data directory, and the role may not read it (GRANT pg_read_server_files)"));
    }
}
