namespace Lifeboat.Cli.Output;

/// <param name="Format">Version of the repository format that this program writes.</param>
internal sealed record VersionDocument(string Version, int Format, string Runtime);
