using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Containers;

/// <summary>How a document that the WAL commands need is written and read.</summary>
/// <param name="Write">The members of the root.</param>
/// <param name="Read">Throws a <see cref="System.Text.Json.JsonException"/> for what does not fit.</param>
internal sealed record DocumentForm<T>(Action<JsonText, T> Write, Func<JsonFields, T> Read)
    where T : class
{
    internal byte[] ToBytes(T document)
    {
        var text = new JsonText().Begin();
        Write(text, document);
        return text.End().ToArray();
    }
}
