using System.Text.Json.Serialization;

namespace Lifeboat.Engine.Lineages;

/// <summary>The document in <c>lifeboat.lineage</c>.</summary>
internal sealed record LineageDocument(int Version, string Lineage, string Cluster, OriginDocument? Parent = null);

/// <summary>The part of it that says where a copy left its source.</summary>
internal sealed record OriginDocument(string Lineage, string Backup, uint Timeline, string From);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true)]
[JsonSerializable(typeof(LineageDocument))]
internal sealed partial class LineageJson : JsonSerializerContext;
