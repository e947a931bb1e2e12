using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>The server's catalog as lines of a backup's catalog map.</summary>
internal static class CatalogLines
{
    /// <summary>All of it; a database that cannot be read is told as a warning.</summary>
    internal static async Task<IReadOnlyList<CatalogLine>> ReadAsync(
        ConnInfo connection, List<string> warnings, CancellationToken cancellationToken)
    {
        var lines = new List<CatalogLine>();
        await foreach (var record in CatalogReader.ReadAsync(connection, cancellationToken))
        {
            if (record is CatalogDatabaseUnread { Name: not "template0" } unread)
            {
                warnings.Add($"names of database {unread.Name} are not in the catalog map: {unread.Reason}");
            }

            lines.Add(Of(record));
        }

        return lines;
    }

    internal static CatalogLine Of(CatalogRecord record) => record switch
    {
        CatalogRelation relation => new CatalogLine(
            relation.IsShared ? 0 : relation.DatabaseOid,
            DatabaseName: null,
            relation.Oid,
            PosixPath.Display(relation.Schema),
            PosixPath.Display(relation.Name),
            relation.Kind.ToString(),
            relation.FileNode,
            relation.TablespaceOid,
            relation.Persistence.ToString(),
            relation.ToastOid),
        CatalogDatabase database => new CatalogLine(database.DatabaseOid, PosixPath.Display(database.Name)),
        CatalogDatabaseUnread unread => new CatalogLine(unread.DatabaseOid, PosixPath.Display(unread.Name)),
        _ => throw new ArgumentException($"an unknown record {record.GetType().Name}", nameof(record)),
    };
}
