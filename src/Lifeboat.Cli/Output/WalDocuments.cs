namespace Lifeboat.Cli.Output;

/// <summary>How a push ended.</summary>
/// <param name="Result">stored or alreadyStored.</param>
/// <param name="Bytes">Of the file.</param>
/// <param name="BytesStored">Of the object in the archive.</param>
/// <param name="Tag">The content tag of the file, its hash under the key of the cluster.</param>
internal sealed record WalPushDocument(
    string File, string Lineage, string Result, long Bytes, long BytesStored, string Tag);

/// <summary>How a fetch ended.</summary>
/// <param name="Result">delivered or absent.</param>
/// <param name="Object">The object in the archive; null when absent.</param>
internal sealed record WalFetchDocument(string File, string Result, string? Object);

/// <summary>The commands with which a server uses <c>lifeboat serve</c>, as PostgreSQL is to hold them.</summary>
internal sealed record ServeSettingsDocument(string ArchiveCommand, string RestoreCommand);
