using System.Globalization;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository.Backups;

namespace Lifeboat.Engine.Restore;

/// <summary>Where each tablespace of a backup goes.</summary>
internal static class TablespacePlaces
{
    private const string Operation = "place the tablespaces";

    /// <param name="inPlace">The data directory that is restored in place: its tablespaces may be where they are.</param>
    internal static IReadOnlyDictionary<uint, string> Resolve(
        IFileSystem files, RestoreRequest request, BackupManifest backup, string? inPlace)
    {
        var places = new Dictionary<uint, string>();
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tablespace in backup.Tablespaces)
        {
            var oid = tablespace.Oid.ToString(CultureInfo.InvariantCulture);
            var place = Mapped(request, oid, tablespace.Location, used)
                ?? (request.TablespaceRoot is { } root ? PosixPath.Combine(root, oid) : tablespace.Location);
            if (!place.StartsWith('/'))
            {
                place = Path.GetFullPath(place);
            }

            try
            {
                places.Add(tablespace.Oid, inPlace is not null && IsHere(files, inPlace, tablespace.Oid, place)
                    ? place
                    : RestoreDirectory.Check(files, place, $"tablespace {oid}'s directory"));
            }
            catch (LifeboatException taken) when (taken.Code == ErrorCode.TargetNotEmpty)
            {
                throw new LifeboatException(taken.Failure with
                {
                    Hint = "Give the tablespace another place: --tablespace-map "
                        + $"'{PosixPath.Display(tablespace.Location)}=/new/place', or --tablespace-root DIR for all of them.",
                });
            }
        }

        CheckDistinct(request, places);
        return request.TablespaceMap.Keys.FirstOrDefault(key => !used.Contains(key)) is { } unknown
            ? throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                Operation,
                unknown,
                "the backup has no tablespace of this oid or location",
                Hint: backup.Tablespaces.Length == 0
                    ? "The backup has no tablespaces; leave --tablespace-map away."
                    : "It has: " + string.Join(", ", backup.Tablespaces.Select(
                        tablespace => $"{tablespace.Oid} at {PosixPath.Display(tablespace.Location)}"))))
            : places;
    }

    /// <summary>Whether the tablespace of a data directory that is there already is at this place.</summary>
    internal static bool IsHere(IFileSystem files, string root, uint tablespace, string place)
    {
        var link = PosixPath.Combine(root, string.Create(CultureInfo.InvariantCulture, $"pg_tblspc/{tablespace}"));
        return files.Stat(link) is { Kind: FileKind.SymbolicLink }
            && files.StatTarget(link) is { Kind: FileKind.Directory } && files.StatTarget(place) is not null
            && files.RealPath(link) == files.RealPath(place);
    }

    private static string? Mapped(RestoreRequest request, string oid, string location, HashSet<string> used)
    {
        foreach (var key in new[] { oid, location })
        {
            if (request.TablespaceMap.TryGetValue(key, out var place))
            {
                used.Add(key);
                return place;
            }
        }

        return null;
    }

    private static void CheckDistinct(RestoreRequest request, Dictionary<uint, string> places)
    {
        var directory = Path.GetFullPath(request.Directory);
        var all = places.Values.Append(directory).ToList();
        foreach (var place in places.Values)
        {
            if (all.Count(other => other == place) > 1 || directory.StartsWith(place + "/", StringComparison.Ordinal))
            {
                throw new LifeboatException(new Failure(
                    ErrorCode.Usage,
                    Operation,
                    PosixPath.Display(place),
                    "two tablespaces, or a tablespace and the data directory, would share it",
                    Hint: "Give each tablespace a directory of its own."));
            }
        }
    }
}
