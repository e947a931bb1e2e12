using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;
using Lifeboat.Repository.WalArchive;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>
/// The documents that the WAL commands read and write by hand are those that the serializer reads and writes: no member of
/// a record is forgotten.
/// </summary>
public sealed class DocumentFormTests
{
    private static readonly Id128 s_id = Id128.Parse("0123456789abcdef0123456789abcdef");
    private static readonly DateTimeOffset s_time = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero).AddTicks(1234567);

    [Fact]
    public void A_document_written_by_hand_is_what_the_serializer_writes()
    {
        var origin = new LineageOrigin(s_id, "20260301T120000Z-abcdef", new Timeline(3), new Lsn(0x5000148));
        Compare(new RepositoryRecord(s_id, Encrypted: true, ["one", "two"]), RepositoryRecord.Form, Json.RepositoryRecord);
        Compare(new KeyRecord(s_id, "pbkdf2", 7, [1, 2], [3, 4]), KeyRecord.Form, Json.KeyRecord);
        Compare(new ClusterRecord(s_id, s_id, "main", [5], [6], s_id), ClusterRecord.Form, Json.ClusterRecord);
        Compare(new LineageRecord(s_id, "7123", 1 << 24, 17, origin), LineageRecord.Form, Json.LineageRecord);
        Compare(new LineageRecord(s_id, "7123", 1 << 24, 17, Parent: null), LineageRecord.Form, Json.LineageRecord);
        Compare(
            new ClaimRecord(s_id, new Timeline(2), "host", "/data \"\\\u00e9", ulong.MaxValue),
            ClaimRecord.Form,
            Json.ClaimRecord);
        var facts = new WalFacts("000000010000000000000005", 1 << 24, s_id, s_id, Summary(), s_time);
        Compare(facts, WalFactsForm.Instance, Json.WalFacts);
        Compare(facts with { Predecessor = null, Segment = null, QuietAt = null }, WalFactsForm.Instance, Json.WalFacts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"id":"00000000000000010000000000000001","encrypted":1,"features":[]}""")]
    [InlineData("""{"id":"00000000000000010000000000000001","encrypted":true,"features":[1]}""")]
    [InlineData("""{"id":"00000000000000010000000000000001","encrypted":true,"features":null}""")]
    [InlineData("""{"id":"0000000000000001000000000000000","encrypted":true,"features":[]}""")]
    [InlineData("""{"id":"\uD800","encrypted":true,"features":[]}""")]
    [InlineData("""{"encrypted":true,"features":[]}""")]
    public void What_does_not_fit_is_an_error_of_the_document(string json) =>
        Assert.ThrowsAny<JsonException>(() => JsonFields.Read(
            System.Text.Encoding.UTF8.GetBytes(json), RepositoryRecord.Form.Read));

    private static DocumentJson Json => DocumentJson.Default;

    private static WalSegmentSummary Summary() => new(
        Format: 1,
        new Lsn(1),
        new Lsn(2),
        new Lsn(3),
        Commits: 4,
        s_time,
        s_time.AddSeconds(1),
        s_time.AddSeconds(2),
        s_time.AddSeconds(3),
        LeastXid: 5,
        GreatestXid: uint.MaxValue,
        [new RestorePointFacts("a \"name\" \u20ac\n", new Lsn(6), new Lsn(7), s_time)],
        Continues: true,
        "why",
        ContinuesWith: 8);

    private static void Compare<T>(T value, DocumentForm<T> form, JsonTypeInfo<T> serializer)
        where T : class
    {
        var byHand = form.ToBytes(value);
        var bySerializer = JsonSerializer.SerializeToUtf8Bytes(value, serializer);
        Assert.True(
            JsonNode.DeepEquals(JsonNode.Parse(byHand), JsonNode.Parse(bySerializer)),
            System.Text.Encoding.UTF8.GetString(byHand));
        var back = JsonFields.Read(bySerializer, form.Read);
        Assert.Equal(bySerializer, JsonSerializer.SerializeToUtf8Bytes(back, serializer));
    }
}

/// <summary>The same records as the serializer writes them by itself.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    Converters = [typeof(LsnConverter), typeof(TimelineConverter), typeof(Id128Converter)])]
[JsonSerializable(typeof(RepositoryRecord))]
[JsonSerializable(typeof(KeyRecord))]
[JsonSerializable(typeof(ClusterRecord))]
[JsonSerializable(typeof(LineageRecord))]
[JsonSerializable(typeof(ClaimRecord))]
[JsonSerializable(typeof(WalFacts))]
internal sealed partial class DocumentJson : JsonSerializerContext;
