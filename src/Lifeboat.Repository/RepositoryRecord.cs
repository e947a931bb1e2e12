using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository;

/// <summary>The document of <c>lifeboat-repository</c>.</summary>
/// <param name="Encrypted">Whether everything but this and the wrapped keys is encrypted.</param>
/// <param name="Features">What a writer needs to know beyond the format version.</param>
internal sealed record RepositoryRecord(Id128 Id, bool Encrypted, string[] Features)
{
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
