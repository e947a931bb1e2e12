using System.Buffers.Binary;
using System.Globalization;
using Lifeboat.Engine.Files;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Restore.Delta;

/// <summary>Whether a restore may work in a data directory that is there already.</summary>
internal static class DeltaDirectory
{
    private const string Operation = "plan the restore in place";
    private const string Postmaster = "postmaster.pid";

    /// <summary>Whether there is something to restore over; false for a place that any restore may use.</summary>
    /// <exception cref="LifeboatException">
    /// Mismatch, TargetNotEmpty: not this cluster's. Conflict: a server runs on it. Denied: another user's.
    /// </exception>
    internal static bool Check(IFileSystem files, string root, BackupManifest backup)
    {
        if (files.StatTarget(root) is not { Kind: FileKind.Directory } status || files.List(root).Count == 0
            || files.Stat(PosixPath.Combine(root, RestoreDirectory.Mark)) is not null)
        {
            return false;
        }

        RequireSameCluster(files, root, backup);
        RequireStopped(files, root);
        return PosixFileSystem.EffectiveUser == 0 || status.Owner == PosixFileSystem.EffectiveUser
            ? true
            : throw Refused(
                ErrorCode.Denied, root, "it belongs to another user", "Run the restore as the user who runs the server.");
    }

    /// <exception cref="LifeboatException">Conflict: a server runs on it, or died on it.</exception>
    internal static void RequireStopped(IFileSystem files, string root)
    {
        if (files.Stat(PosixPath.Combine(root, Postmaster)) is not null)
        {
            throw Refused(
                ErrorCode.Conflict,
                root,
                $"it holds {Postmaster}: a server runs on it, or was killed",
                $"Stop the server. If none runs, also none in a container or on another host, remove {Postmaster}.");
        }
    }

    private static void RequireSameCluster(IFileSystem files, string root, BackupManifest backup)
    {
        var wanted = ulong.Parse(backup.Server.SystemIdentifier, CultureInfo.InvariantCulture);
        var there = DeltaMark.Read(files, root) ?? OfControlFile(files, root);
        if (there is null)
        {
            throw Refused(
                ErrorCode.TargetNotEmpty,
                root,
                $"it holds no {ControlFile.Path}, so that nothing says whether it is a data directory of this cluster",
                "Restore to an empty directory, without --delta.");
        }

        if (there != wanted)
        {
            throw Refused(
                ErrorCode.Mismatch,
                root,
                $"it is of another cluster: its system identifier is {there}, and the backup's is {wanted}",
                "Give the data directory of the cluster that was backed up, or an empty one.");
        }
    }

    /// <summary>It stands first, so that it can be told from a file whose rest is damaged.</summary>
    private static ulong? OfControlFile(IFileSystem files, string root)
    {
        var path = PosixPath.Combine(root, ControlFile.Path);
        if (files.StatTarget(path) is not { Kind: FileKind.Regular })
        {
            return null;
        }

        var content = WholeFile.Read(files, path, ControlFile.FileSize);
        return content.Length < sizeof(ulong) ? null : BinaryPrimitives.ReadUInt64LittleEndian(content);
    }

    private static LifeboatException Refused(ErrorCode code, string root, string cause, string hint) =>
        new(new Failure(code, Operation, PosixPath.Display(root), cause, Hint: hint));
}
