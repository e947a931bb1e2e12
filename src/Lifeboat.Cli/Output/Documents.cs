using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Lifeboat.Cli.Output;

/// <summary>Prints documents for programs.</summary>
internal static class Documents
{
    // Quotes and plus signs stay readable; the document goes to a program and never into a web page.
    private static readonly JavaScriptEncoder s_encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>Prints the one document of a command.</summary>
    public static void Print<T>(Terminal terminal, T document, JsonTypeInfo<T> type) =>
        terminal.Out.WriteLine(Serialise(document, type));

    public static string Serialise<T>(T document, JsonTypeInfo<T> type)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(
            stream, new JsonWriterOptions { Encoder = s_encoder, Indented = type.Options.WriteIndented }))
        {
            JsonSerializer.Serialize(writer, document, type);
        }

        return System.Text.Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
