namespace Lifeboat.Cli.Output;

/// <param name="NewLineage">Whether the lineage was made now.</param>
/// <param name="Before">Who archived before, as host:directory; null when nobody did.</param>
internal sealed record AdoptDocument(string Lineage, uint Timeline, bool NewLineage, string? Before);
