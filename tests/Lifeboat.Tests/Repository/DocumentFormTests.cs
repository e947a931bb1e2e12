using System.Text.Json;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Keys;
using Lifeboat.Repository.WalArchive;
using Xunit;

namespace Lifeboat.Tests.Repository;

public sealed class DocumentFormTests
{
    private static readonly DateTimeOffset Moment = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);

    private static readonly WalFacts Facts = new(
        "00000001000000000000000A",
        16 << 20,
        new Id128(1, 2),
        new Id128(3, ulong.MaxValue),
        new WalSegmentSummary(
            1,
            new Lsn(0xA000028),
            new Lsn(0xA0FFFF0),
            null,
            42,
            Moment,
            Moment.AddTicks(1234560),
            null,
            DateTimeOffset.MaxValue,
            3,
            uint.MaxValue,
            [new RestorePointFacts("before \"the\" \\ \n\u0001 é 漢 🚣", new Lsn(1), new Lsn(2), Moment)],
            Continues: true,
            "torn",
            ContinuesWith: 255));

    [Fact]
    public void Facts_are_written_as_the_serializer_would_read_them_and_back()
    {
        foreach (var facts in new[] { Facts, Facts with { Predecessor = null, Segment = null } })
        {
            var judged = JsonSerializer.Deserialize(
                WalFactsForm.Instance.ToBytes(facts), RepositoryJson.Default.WalFacts);
            var bytes = JsonSerializer.SerializeToUtf8Bytes(facts, RepositoryJson.Default.WalFacts);
            Assert.Equivalent(facts, judged, strict: true);
            Assert.Equivalent(facts, JsonFields.Read(bytes, WalFactsForm.Instance.Read), strict: true);
        }
    }

    [Fact]
    public void Every_record_is_read_as_it_was_written()
    {
        Same(new RepositoryRecord(new Id128(5, 6), Encrypted: true, ["a", "b"]), RepositoryRecord.Form);
        Same(new RepositoryRecord(new Id128(5, 6), Encrypted: false, []), RepositoryRecord.Form);
        Same(
            new ClusterRecord(new Id128(1, 1), new Id128(2, 2), "main", [1, 2, 255], [], new Id128(3, 3)),
            ClusterRecord.Form);
        Same(new LineageRecord(new Id128(1, 1), "7000000000000000001", 16 << 20, 18, null), LineageRecord.Form);
        Same(
            new LineageRecord(
                new Id128(1, 1),
                "18446744073709551615",
                1 << 30,
                13,
                new LineageOrigin(new Id128(2, 2), "20260203T040506Z-abcdef", new Timeline(uint.MaxValue), new Lsn(7))),
            LineageRecord.Form);
        Same(
            new ClaimRecord(new Id128(1, 1), new Timeline(10), "høst", "/a\\b/\udcff\"", ulong.MaxValue),
            ClaimRecord.Form);
        Same(new KeyRecord(new Id128(1, 1), "pbkdf2-sha512", 210_000, [1], [2, 3]), KeyRecord.Form);
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

    private static void Same<T>(T record, DocumentForm<T> form)
        where T : class =>
        Assert.Equivalent(record, JsonFields.Read(form.ToBytes(record), form.Read), strict: true);
}
