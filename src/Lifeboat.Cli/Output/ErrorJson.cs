using System.Text.Json.Serialization;

namespace Lifeboat.Cli.Output;

/// <summary>An error is one line, so that it can be told from what else was written there.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ErrorDocument))]
internal sealed partial class ErrorJson : JsonSerializerContext;
