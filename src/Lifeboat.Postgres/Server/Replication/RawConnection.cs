using System.Runtime.CompilerServices;
using Npgsql.Internal;
using Npgsql.Replication;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>
/// The bytes of a replication connection, once Npgsql has connected, encrypted and authenticated. Npgsql sends no command of
/// the protocol but its own, and knows no BASE_BACKUP. Between two commands it has nothing in its buffers, so that whoever
/// takes the bytes reads everything; the connection is good for nothing else afterwards but to be closed. Npgsql's version is
/// pinned, and the tests of backups over the network run on every major.
/// </summary>
internal static class RawConnection
{
#pragma warning disable NPG9001 // For evaluation: see above.
    internal static Stream StreamOf(ReplicationConnection connection) => StreamOf(ConnectorOf(connection));

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Connector")]
    private static extern NpgsqlConnector ConnectorOf(ReplicationConnection connection);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_stream")]
    private static extern ref Stream StreamOf(NpgsqlConnector connector);
#pragma warning restore NPG9001
}
