using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.WalArchive;

/// <summary>A catalog of the archive, as far as its name and size tell.</summary>
/// <param name="First">The name of its first segment.</param>
/// <param name="Tag">Content tag.</param>
/// <param name="Size">Bytes of the object.</param>
public sealed record WalCatalogObject(Id128 Lineage, string First, Id128 Tag, ObjectName Name, long Size)
{
    private const int TagLength = 33; // '-' and 32 digits

    /// <summary>Null for a name that no catalog of this lineage has.</summary>
    /// <param name="folder">Of the lineage's catalogs, with the slash.</param>
    internal static WalCatalogObject? Parse(Id128 lineage, string folder, ObjectFacts facts)
    {
        var part = facts.Name.LastPart;
        return part.Length == WalSegmentName.Length + TagLength && part[^TagLength] == '-'
            && WalFileName.IsSegment(part[..^TagLength]) && facts.Name.Value == $"{folder}{part[..8]}/{part}"
            && Id128.TryParse(part.AsSpan(part.Length - TagLength + 1), out var tag)
                ? new WalCatalogObject(lineage, part[..^TagLength], tag, facts.Name, facts.Size)
                : null;
    }
}
