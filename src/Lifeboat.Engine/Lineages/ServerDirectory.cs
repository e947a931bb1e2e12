using Lifeboat.Engine.Files;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Control;

namespace Lifeboat.Engine.Lineages;

/// <summary>Finds a server's data directory and reads what it says of itself.</summary>
public static class ServerDirectory
{
    private const int Readings = 20;

    private static readonly TimeSpan BetweenReadings = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// The data directory behind a path that PostgreSQL gave to <c>archive_command</c> or <c>restore_command</c>: the one
    /// given; the working directory, which PostgreSQL sets to it; the parent of the path's folder (<c>pg_wal</c>).
    /// </summary>
    /// <param name="given">What the user said; believed without a look.</param>
    /// <param name="path">The file's path.</param>
    /// <returns>Null when none of them holds <c>global/pg_control</c>.</returns>
    public static string? Locate(IFileSystem files, string? given, string path)
    {
        if (given is not null)
        {
            return given;
        }

        var working = files.RealPath(".");
        if (IsOne(files, working))
        {
            return working;
        }

        var folder = PosixPath.Parent(path);
        return folder is not "." and not "/" && IsOne(files, PosixPath.Parent(folder)) ? PosixPath.Parent(folder) : null;
    }

    public static bool IsOne(IFileSystem files, string directory) =>
        files.StatTarget(PosixPath.Combine(directory, ControlFile.Path)) is { Kind: FileKind.Regular };

    /// <summary>pg_control, from bytes whose CRC was seen to hold.</summary>
    /// <exception cref="LifeboatException">NotFound, Damaged, Mismatch or UnknownFormat.</exception>
    public static async ValueTask<ControlFile> ReadControlAsync(
        IFileSystem files, string directory, TimeProvider time, CancellationToken cancellationToken) =>
        ControlFileReading.Of(await ReadControlBytesAsync(files, directory, time, cancellationToken))
            .Require(PosixPath.Display(PosixPath.Combine(directory, ControlFile.Path)));

    /// <summary>
    /// The bytes of pg_control, or as they are when their CRC never holds. A running server rewrites it in place, so that a
    /// torn read is read again.
    /// </summary>
    /// <exception cref="LifeboatException">NotFound.</exception>
    internal static async ValueTask<byte[]> ReadControlBytesAsync(
        IFileSystem files, string directory, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = PosixPath.Combine(directory, ControlFile.Path);
        if (files.StatTarget(path) is null)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.NotFound,
                "read pg_control",
                PosixPath.Display(path),
                "there is no such file, so this is no data directory of PostgreSQL",
                Hint: "Give the server's data directory with --cluster-dir; 'SHOW data_directory' on it tells where it is."));
        }

        for (var reading = 1; ; reading++)
        {
            var content = WholeFile.Read(files, path, ControlFile.FileSize);
            var isTorn = ControlFileReading.Of(content).Fault
                is ControlFileFault.ChecksumMismatch or ControlFileFault.TooShort;
            if (!isTorn || reading == Readings)
            {
                return content;
            }

            await Task.Delay(BetweenReadings, time, cancellationToken);
        }
    }
}
