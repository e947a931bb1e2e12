using System.Text.Json.Serialization;

namespace Lifeboat.Cli.Output;

/// <summary>The documents that commands print with <c>--output json</c>, serialised without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(InitDocument))]
[JsonSerializable(typeof(VersionDocument))]
[JsonSerializable(typeof(CollectDocument))]
[JsonSerializable(typeof(BackupDocument))]
[JsonSerializable(typeof(ShowDocument))]
[JsonSerializable(typeof(ListDocument))]
[JsonSerializable(typeof(WalPushDocument))]
[JsonSerializable(typeof(WalFetchDocument))]
[JsonSerializable(typeof(ServeSettingsDocument))]
[JsonSerializable(typeof(AdoptDocument))]
[JsonSerializable(typeof(RestoreDocument))]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(CheckDocument))]
[JsonSerializable(typeof(LockRenewDocument))]
[JsonSerializable(typeof(ImmutableDocument))]
[JsonSerializable(typeof(RepairDocument))]
[JsonSerializable(typeof(FindDocument))]
[JsonSerializable(typeof(PruneDocument))]
[JsonSerializable(typeof(ExpireDocument))]
[JsonSerializable(typeof(NotesDocument))]
internal sealed partial class CliJson : JsonSerializerContext;
