using System.Text.Json;
using System.Text.Json.Serialization;
using Lifeboat.Engine.Wal.Service;

namespace Lifeboat.Server;

/// <summary>What a service says of itself, over its socket and by HTTP.</summary>
/// <param name="Status">ok; starting while no repository is open; failing while pushing or fetching fails.</param>
/// <param name="Since">When the service began.</param>
/// <param name="Acknowledges">Whether a shell can see what is durable.</param>
/// <param name="MemoryBytes">Resident.</param>
/// <param name="Fetch">Null while no repository is open.</param>
/// <param name="Duties">What else it does, by name.</param>
/// <param name="Error">Why no repository is open.</param>
public sealed record HealthDocument(
    string Status,
    string DataDirectory,
    string Cluster,
    string Repository,
    string? Lineage,
    DateTimeOffset Since,
    bool Acknowledges,
    long MemoryBytes,
    PushHealth Push,
    FetchHealth? Fetch,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Duties,
    ServiceError? Error)
{
    public const string Ok = "ok";
    public const string Starting = "starting";
    public const string Failing = "failing";

    public byte[] ToBytes() =>
        [.. JsonSerializer.SerializeToUtf8Bytes(this, HealthJson.Default.HealthDocument), (byte)'\n'];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(HealthDocument))]
internal sealed partial class HealthJson : JsonSerializerContext;
