using System.Globalization;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Server;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;

namespace Lifeboat.Engine.Backup.Physical.Streamed;

/// <summary>A server that is known by its connections alone.</summary>
/// <param name="Session">An ordinary session, for questions beside the stream.</param>
internal sealed record StreamOrigin(
    ServerSession Session, ServerFacts Server, ControlFacts Control, LineageRecord Lineage)
    : BackupOrigin(Server, Lineage)
{
    /// <exception cref="LifeboatException">Usage: wal_level is minimal.</exception>
    internal static async Task<(ServerFacts Server, ControlFacts Control)> AskAsync(
        ServerSession session, CancellationToken cancellationToken)
    {
        var server = await ServerFacts.ReadAsync(session, cancellationToken);
        RequireWalLevel(server, session);
        return (server, await ControlFacts.ReadAsync(session, cancellationToken));
    }

    internal override ServerIdentity Identity(IFileSystem files) => new(
        Server.SystemIdentifier.ToString(CultureInfo.InvariantCulture),
        Server.Major,
        Server.Version,
        Control.CatalogVersion,
        Control.BlockSize,
        (int)Control.RelSegSize,
        Server.WalSegmentSize.Bytes,
        Control.HasDataChecksums,
        Owner: null);

    /// <summary>The server has said on which timeline it ended, and <see cref="StreamedCopy"/> has compared it.</summary>
    internal override ValueTask RequireEndAsync(
        PhysicalBackupRequest request, Timeline start, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    internal override IServerWal Wal(PhysicalBackupRequest request) => new StreamedWal(request, this);

    internal override Task<ConfigurationFile[]> ReadConfigurationAsync(
        PhysicalBackupRequest request, List<string> warnings, CancellationToken cancellationToken) =>
        OutsideConfiguration.ReadAsync(
            new ServerConfiguration(Session, Server.DataDirectory), Server, warnings, cancellationToken);

    /// <summary>Whether the control file that came is of the server that was asked.</summary>
    /// <exception cref="LifeboatException">Damaged: its CRC does not hold. Mismatch: it is another server's.</exception>
    internal void Require(byte[] content)
    {
        var file = ControlFileReading.Of(content).Require(ControlFile.Path);
        if (file.SystemIdentifier != Server.SystemIdentifier || file.CatalogVersion != Control.CatalogVersion
            || file.BlockSize != Control.BlockSize || file.RelSegSize != Control.RelSegSize
            || file.HasDataChecksums != Control.HasDataChecksums)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Mismatch,
                Operation,
                Session.Address.ToString(),
                "the control file that it sent is of another server than the one that answers questions",
                Hint: "Give --connection of one server, without a proxy that spreads connections over several."));
        }
    }
}
