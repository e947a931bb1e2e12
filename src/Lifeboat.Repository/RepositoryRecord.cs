using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository;

/// <summary>The document of <c>lifeboat-repository</c>.</summary>
/// <param name="Encrypted">Whether everything but this and the wrapped keys is encrypted.</param>
/// <param name="Features">What a writer needs to know beyond the format version.</param>
internal sealed record RepositoryRecord(Id128 Id, bool Encrypted, string[] Features);
