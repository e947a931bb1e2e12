using System.Text.Json.Serialization;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Collect;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;
using Lifeboat.Repository.Leases;
using Lifeboat.Repository.Locks;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Repository;

/// <summary>The documents of the repository, serialised without reflection. Unknown members are ignored.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(LsnConverter), typeof(TimelineConverter), typeof(Id128Converter)])]
[JsonSerializable(typeof(RepositoryRecord))]
[JsonSerializable(typeof(KeyRecord))]
[JsonSerializable(typeof(ClusterRecord))]
[JsonSerializable(typeof(LineageRecord))]
[JsonSerializable(typeof(ClaimRecord))]
[JsonSerializable(typeof(TombstoneRecord))]
[JsonSerializable(typeof(WalTombstoneRecord))]
[JsonSerializable(typeof(BackupMark))]
[JsonSerializable(typeof(CompletionRecord))]
[JsonSerializable(typeof(LeaseRecord))]
[JsonSerializable(typeof(CondemnedRecord))]
[JsonSerializable(typeof(ClearedRecord))]
[JsonSerializable(typeof(SweptRecord))]
[JsonSerializable(typeof(DecidedRecord))]
[JsonSerializable(typeof(RenewalRecord))]
[JsonSerializable(typeof(BackupManifest))]
[JsonSerializable(typeof(CatalogLine))]
internal sealed partial class RepositoryJson : JsonSerializerContext;
