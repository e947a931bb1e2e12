using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.WalArchive;

/// <summary>A WAL file in the archive, as far as its name and size tell.</summary>
/// <param name="File">The name in pg_wal: a segment, <c>….partial</c>, <c>….backup</c> or <c>….history</c>.</param>
/// <param name="Tag">Content tag.</param>
/// <param name="Size">Bytes of the object.</param>
public sealed record WalObject(Id128 Lineage, string File, Id128 Tag, ObjectName Name, long Size)
{
    private const int TagLength = 33; // '-' and 32 digits

    /// <summary>Null for a name that no WAL file of this lineage has.</summary>
    /// <param name="folder">Of the lineage's WAL, with the slash.</param>
    internal static WalObject? Parse(Id128 lineage, string folder, ObjectFacts facts)
    {
        var part = facts.Name.LastPart;
        return part.Length > TagLength && part[^TagLength] == '-' && WalFileName.IsArchived(part[..^TagLength])
            && facts.Name.Value == $"{folder}{ObjectNames.WalFolder(part[..^TagLength])}{part}"
            && Id128.TryParse(part.AsSpan(part.Length - TagLength + 1), out var tag)
                ? new WalObject(lineage, part[..^TagLength], tag, facts.Name, facts.Size)
                : null;
    }
}
