using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Engine.Backup.Physical.Streamed;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Tests.Postgres.Changes;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Incremental;

/// <summary>Takes backups of a <see cref="ChangeServer"/>, whose archive is brought along meanwhile.</summary>
internal static class ChangeBackups
{
    internal static async Task<BackupManifest> TakeAsync(
        ChangeServer server, BackupKind kind, bool streamed = false)
    {
        var token = TestContext.Current.CancellationToken;
        await server.ArchiverIsIdleAsync();
        await server.PushArchivedAsync();
        var request = new PhysicalBackupRequest
        {
            Cluster = server.Cluster,
            ClusterDirectory = streamed ? null : server.Server.DataDirectory,
            Connection = ConnInfo.Parse(server.Server.ConnInfo(), ClientEnvironment.OfProcess()),
            Kind = kind,
            Program = "test",
            Jobs = 2,
        };
        var backup = streamed
            ? StreamedBackup.RunAsync(request, new Silence(), token)
            : PhysicalBackup.RunAsync(request, new Silence(), token);
        while (!backup.IsCompleted)
        {
            await server.PushArchivedAsync();
            await Task.WhenAny(backup, Task.Delay(20, token));
        }

        return (await backup).Manifest;
    }
}
