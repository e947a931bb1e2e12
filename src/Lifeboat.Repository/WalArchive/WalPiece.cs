namespace Lifeboat.Repository.WalArchive;

/// <summary>A stored piece of a segment.</summary>
public sealed record WalPiece(WalPieceName Name, WalObject Object)
{
    public uint From => Name.From;

    public uint To => Name.To;

    /// <summary>Null for an object that is no piece.</summary>
    public static WalPiece? Of(WalObject item) =>
        WalPieceName.TryParse(item.File, out var name) ? new WalPiece(name, item) : null;
}
