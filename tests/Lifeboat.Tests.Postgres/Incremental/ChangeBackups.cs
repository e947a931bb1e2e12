using Lifeboat.Engine.Activity;
using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Tests.Postgres.Changes;
using Lifeboat.Tests.Postgres.Recovery;
using Xunit;

namespace Lifeboat.Tests.Postgres.Incremental;

/// <summary>Takes backups of a <see cref="ChangeServer"/>, whose archive is brought along meanwhile.</summary>
internal static class ChangeBackups
{
    internal static async Task<BackupManifest> TakeAsync(ChangeServer server, BackupKind kind)
    {
        var token = TestContext.Current.CancellationToken;
        await server.ArchiverIsIdleAsync();
        await server.PushArchivedAsync();
        var backup = PhysicalBackup.RunAsync(
            new PhysicalBackupRequest
            {
                Cluster = server.Cluster,
                ClusterDirectory = server.Server.DataDirectory,
                Connection = ConnInfo.Parse(server.Server.ConnInfo(), ClientEnvironment.OfProcess()),
                Kind = kind,
                Program = "test",
                Jobs = 2,
            },
            new Silence(),
            token);
        while (!backup.IsCompleted)
        {
            await server.PushArchivedAsync();
            await Task.WhenAny(backup, Task.Delay(20, token));
        }

        return (await backup).Manifest;
    }
}
