using Lifeboat.Platform.Errors;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>Small files of the data directory, read through the server.</summary>
public static class ServerFile
{
    private const int MostBytes = 1 << 20;

    /// <param name="path">Relative to the data directory.</param>
    /// <returns>
    /// Whether the role may look (pg_read_server_files, or superuser), and the content; null when there is no such file.
    /// </returns>
    public static async Task<(bool Allowed, byte[]? Content)> TryReadAsync(
        ServerSession session, string path, CancellationToken cancel)
    {
        try
        {
            var content = await session.SingleAsync(
                $"read {path} of the data directory",
                "SELECT pg_catalog.pg_read_binary_file($1, 0, $2::int8, true)",
                row => row.IsDBNull(0) ? null : row.GetFieldValue<byte[]>(0),
                cancel,
                path,
                (long)MostBytes);
            return (true, content);
        }
        catch (LifeboatException denied) when (denied.Code == ErrorCode.Denied)
        {
            return (false, null);
        }
    }
}
