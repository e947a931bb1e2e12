using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Restore;

/// <summary>Whether what is to be written fits, told before anything is written.</summary>
internal static class RestoreSpace
{
    private const long BlockSize = 4096;

    /// <param name="there">Bytes of files that are written over; null for none.</param>
    /// <returns>Bytes free where the data directory is to be.</returns>
    internal static long Check(
        IFileSystem files,
        string directory,
        IReadOnlyDictionary<uint, string> tablespaces,
        IEnumerable<(string Path, FileFacts Facts)> entries,
        IReadOnlyDictionary<string, long>? there)
    {
        var needed = new Dictionary<ulong, (string Place, long Bytes)>();
        var own = DeviceOf(files, directory);
        var places = tablespaces.ToDictionary(place => $"pg_tblspc/{place.Key}/", place => DeviceOf(files, place.Value));
        foreach (var (path, facts) in entries)
        {
            var (place, device) = path.StartsWith("pg_tblspc/", StringComparison.Ordinal)
                && places.Keys.FirstOrDefault(key => path.StartsWith(key, StringComparison.Ordinal)) is { } tablespace
                    ? places[tablespace]
                    : own;
            var length = Math.Max(0, facts.Length - (there?.GetValueOrDefault(path) ?? 0));
            var blocks = (length + BlockSize - 1) / BlockSize;
            needed[device] = (place, needed.GetValueOrDefault(device).Bytes + (Math.Max(1, blocks) * BlockSize));
        }

        foreach (var (place, bytes) in needed.Values)
        {
            var space = files.Space(place);
            if (space.Free < bytes)
            {
                throw new LifeboatException(new Failure(
                    ErrorCode.NoSpace,
                    "plan the restore",
                    PosixPath.Display(place),
                    $"{bytes:N0} bytes are needed and {space.Free:N0} are free (WAL that is replayed needs more)",
                    Hint: "Free space there, or restore to another file system; nothing was written."));
            }
        }

        return files.Space(own.Place).Free;
    }

    private static (string Place, ulong Device) DeviceOf(IFileSystem files, string path)
    {
        var existing = NearestExisting(files, path);
        return (existing, files.StatTarget(existing)!.Value.Device);
    }

    private static string NearestExisting(IFileSystem files, string path)
    {
        while (files.StatTarget(path) is null)
        {
            path = PosixPath.Parent(path);
        }

        return path;
    }
}
