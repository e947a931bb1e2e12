using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Wal;

/// <summary>
/// What <c>wal fetch</c> answers PostgreSQL when it cannot tell whether a file exists, or may not deliver it.
/// </summary>
/// <remarks>
/// A small code means "not there": a recovery ends and promotes, a standby asks again. A code above 125 aborts the startup
/// process (RestoreArchivedFile, xlogarchive.c): right for a recovery, which must not end early; wrong for a standby,
/// which would stop serving over a store that is away for a moment. With both signal files PostgreSQL is a standby.
/// </remarks>
public static class FetchFailure
{
    private const string RecoverySignal = "recovery.signal";
    private const string StandbySignal = "standby.signal";

    /// <param name="dataDirectory">Null when it is not known: then nothing is known of a recovery either.</param>
    public static int ExitCode(IFileSystem files, string? dataDirectory)
    {
        if (dataDirectory is null)
        {
            return ExitCodes.Failed;
        }

        try
        {
            var recovers = files.StatTarget(PosixPath.Combine(dataDirectory, RecoverySignal)) is not null;
            var standsBy = files.StatTarget(PosixPath.Combine(dataDirectory, StandbySignal)) is not null;
            return recovers && !standsBy ? ExitCodes.CannotTell : ExitCodes.Failed;
        }
        catch (FileSystemException)
        {
            // In doubt recovery must not end: a standby that stops can be started again, an early promotion not undone.
            return ExitCodes.CannotTell;
        }
    }

    /// <summary>As <see cref="ExitCode(IFileSystem, string?)"/>, for the server that asked with these arguments.</summary>
    public static int ExitCode(WalFetchRequest request)
    {
        try
        {
            return ExitCode(
                request.Files,
                ServerDirectory.Locate(request.Files, request.ClusterDirectory, request.Destination));
        }
        catch (FileSystemException)
        {
            return ExitCodes.CannotTell;
        }
    }
}
