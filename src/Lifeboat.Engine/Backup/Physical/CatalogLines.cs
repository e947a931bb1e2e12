using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>The server's catalog as lines of a backup's catalog map.</summary>
internal static class CatalogLines
{
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
