using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Repository;

/// <summary>The document of <c>lifeboat-repository</c>.</summary>
/// <param name="Encrypted">Whether everything but this and the wrapped keys is encrypted.</param>
/// <param name="Features">What a reader and a writer need to know beyond the format version: <see cref="LockTerms"/>.</param>
internal sealed record RepositoryRecord(Id128 Id, bool Encrypted, string[] Features)
{
    /// <summary>Null when objects are not locked.</summary>
    internal LockTerms? Lock() => Features.Select(LockTerms.TryParse).FirstOrDefault(terms => terms is not null);

    /// <summary>Features that this version does not know.</summary>
    internal IEnumerable<string> Unknown() => Features.Where(feature => LockTerms.TryParse(feature) is null);

    internal static DocumentForm<RepositoryRecord> Form { get; } = new(
        static (text, record) =>
        {
            text.Text("id", record.Id.ToString()).Flag("encrypted", record.Encrypted).Begin("features", '[');
            foreach (var feature in record.Features)
            {
                text.Text(name: null, feature);
            }

            text.End(']');
        },
        static fields => new RepositoryRecord(fields.Id("id"), fields.Flag("encrypted"), fields.Texts("features")));
}
