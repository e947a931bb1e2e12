using Lifeboat.Platform.Errors;
using Lifeboat.Storage.Cloud.S3;
using Xunit;

namespace Lifeboat.Tests.Storage;

public sealed class S3PlaceTests
{
    [Theory]
    [InlineData("s3://bucket")]
    [InlineData("s3://bucket/a/b.c?region=eu-central-1")]
    [InlineData("s3://bucket/a?endpoint=https://storage.example:9000&path-style=no&storage-class=STANDARD_IA")]
    [InlineData("s3://bucket?endpoint=http://127.0.0.1:7480&conditional-put=no")]
    [InlineData("s3://bucket?endpoint=http://storage.example&plain-http=yes")]
    [InlineData("s3://bucket?sse=aws:kms&kms-key=a%26b&profile=back%20up&ca-file=/etc/ca.pem")]
    public void A_place_is_read_as_it_is_written(string text) =>
        Assert.Equal(text, S3PlaceText.Parse(text).ToString());

    [Theory]
    [InlineData("s3://bucket/", "s3://bucket")]
    [InlineData("s3://bucket/a/b/", "s3://bucket/a/b")]
    [InlineData("S3://bucket?path-style=true", "s3://bucket?path-style=yes")]
    [InlineData("s3://bucket?endpoint=https://host/", "s3://bucket?endpoint=https://host")]
    public void What_means_the_same_is_written_alike(string text, string alike) =>
        Assert.Equal(alike, S3PlaceText.Parse(text).ToString());

    [Theory]
    [InlineData("s3://")]
    [InlineData("s3://ab")]
    [InlineData("s3://Bucket")]
    [InlineData("s3://bucket/a//b")]
    [InlineData("s3://bucket/../b")]
    [InlineData("s3://bucket?colour=red")]
    [InlineData("s3://bucket?region=")]
    [InlineData("s3://bucket?region=a&region=b")]
    [InlineData("s3://bucket?path-style=perhaps")]
    [InlineData("s3://bucket?endpoint=storage.example")]
    [InlineData("s3://bucket?endpoint=http://storage.example")]
    [InlineData("s3://bucket?endpoint=https://me:secret@storage.example")]
    [InlineData("s3://me:secret@bucket/a")]
    [InlineData("s3://bucket?sse=rot13")]
    [InlineData("s3://bucket?kms-key=a")]
    [InlineData("s3://bucket?ca-file=ca.pem")]
    public void What_is_wrong_is_told_with_an_example_and_without_a_secret(string text)
    {
        var failure = Assert.Throws<LifeboatException>(() => S3PlaceText.Parse(text)).Failure;
        Assert.Equal(ErrorCode.Usage, failure.Code);
        Assert.Contains("s3://bucket/prefix", failure.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", $"{failure} {failure.Hint}", StringComparison.Ordinal);
    }
}
