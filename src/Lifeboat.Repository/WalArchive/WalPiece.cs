using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.WalArchive;

/// <summary>A stored piece of a segment.</summary>
public sealed record WalPiece(WalPieceName Name, WalObject Object)
{
    public uint From => Name.From;

    public uint To => Name.To;

    /// <summary>Null for a name that no piece of this lineage has.</summary>
    internal static WalPiece? Parse(string cluster, Id128 lineage, ObjectFacts facts)
    {
        var part = facts.Name.LastPart;
        return part.LastIndexOf('-') is var end and > 0
            && WalPieceName.TryParse(part[..end], out var name)
            && Id128.TryParse(part.AsSpan(end + 1), out var tag)
            && facts.Name.Value == $"{ObjectNames.WalFile(cluster, lineage, part[..end])}{tag}"
                ? new WalPiece(name, new WalObject(lineage, part[..end], tag, facts.Name, facts.Size))
                : null;
    }
}
