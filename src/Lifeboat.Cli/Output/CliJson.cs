using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Lifeboat.Cli.Output;

/// <summary>The documents that commands print with <c>--output json</c>, serialised without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(InitDocument))]
[JsonSerializable(typeof(VersionDocument))]
[JsonSerializable(typeof(BackupDocument))]
[JsonSerializable(typeof(ShowDocument))]
[JsonSerializable(typeof(ListDocument))]
internal sealed partial class CliJson : JsonSerializerContext;

/// <summary>An error is one line, so that it can be told from what else was written there.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ErrorDocument))]
internal sealed partial class ErrorJson : JsonSerializerContext;

internal static class Documents
{
    /// <summary>Prints the one document of a command.</summary>
    public static void Print<T>(Terminal terminal, T document, JsonTypeInfo<T> type) =>
        terminal.Out.WriteLine(JsonSerializer.Serialize(document, type));
}
