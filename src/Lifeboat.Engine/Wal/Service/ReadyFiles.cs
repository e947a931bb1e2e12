using Lifeboat.Platform.Files;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>What the server wants archived: the <c>.ready</c> files of <c>archive_status</c>. They are only looked at.</summary>
internal static class ReadyFiles
{
    internal const string Suffix = ".ready";

    /// <summary>The names of the WAL files, in the order in which the archiver takes them: histories first.</summary>
    internal static List<string> List(IFileSystem files, ServicePlaces places)
    {
        var names = new List<string>();
        foreach (var entry in files.List(places.ArchiveStatus))
        {
            if (entry.Name.EndsWith(Suffix, StringComparison.Ordinal)
                && WalFileName.IsValid(entry.Name[..^Suffix.Length]))
            {
                names.Add(entry.Name[..^Suffix.Length]);
            }
        }

        names.Sort(static (one, other) => WalFileName.IsHistory(one) != WalFileName.IsHistory(other)
            ? (WalFileName.IsHistory(one) ? -1 : 1)
            : string.CompareOrdinal(one, other));
        return names;
    }
}
