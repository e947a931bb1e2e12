using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Storage;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Testing.Files;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Storage;

/// <summary>What only a person can put right: each has its own error, that says what to do, and is not tried again.</summary>
public sealed class S3MistakeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("403 Forbidden", "AccessDenied", ErrorCode.Denied, "s3:PutObject")]
    [InlineData("403 Forbidden", "InvalidAccessKeyId", ErrorCode.Denied, "AWS_ACCESS_KEY_ID")]
    [InlineData("403 Forbidden", "SignatureDoesNotMatch", ErrorCode.Denied, "AWS_SECRET_ACCESS_KEY")]
    [InlineData("400 Bad Request", "ExpiredToken", ErrorCode.Denied, "AWS_ACCESS_KEY_ID")]
    [InlineData("403 Forbidden", "RequestTimeTooSkewed", ErrorCode.StoreUnavailable, "clock")]
    [InlineData("301 Moved Permanently", "PermanentRedirect", ErrorCode.Usage, "region=")]
    [InlineData("400 Bad Request", "AuthorizationHeaderMalformed", ErrorCode.Usage, "region=")]
    [InlineData("404 Not Found", "NoSuchBucket", ErrorCode.NotFound, "Make the bucket")]
    [InlineData("400 Bad Request", "InvalidStorageClass", ErrorCode.Usage, "storage-class")]
    public async Task What_a_store_refuses_is_told_with_what_to_do(string status, string code, ErrorCode kind, string hint)
    {
        var gateway = await CephGateway.GetAsync();
        await using var proxy = new HttpFaultProxy(gateway.Endpoint, (_, _) => HttpFault.Error) { Error = (status, code) }.Start();
        var failure = await FailureOfPutAsync((await gateway.NewPlaceAsync()) with { Endpoint = proxy.Endpoint });
        Assert.Equal(kind, failure.Code);
        Assert.False(failure.Transient);
        Assert.Contains(hint, failure.Hint, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, proxy.Requests);
    }

    [Fact]
    public async Task A_host_at_which_nothing_listens_is_told_by_its_name()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}");
        taken.Stop();
        await CephGateway.GetAsync();
        var failure = await FailureOfPutAsync(new S3Place("bucket", "") { Endpoint = endpoint });
        Assert.Equal(ErrorCode.StoreUnavailable, failure.Code);
        Assert.True(failure.Transient);
        Assert.Equal(endpoint.Authority, failure.Subject);
        Assert.Contains("reached", failure.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_is_believed_only_when_its_authority_is_given_and_the_name_is_right()
    {
        var gateway = await CephGateway.GetAsync();
        var place = await gateway.NewPlaceAsync();
        using var scratch = new ScratchDirectory();
        using var right = Certificate(new IPAddress([127, 0, 0, 1]));
        using var other = Certificate(new IPAddress([127, 0, 0, 9]));
        await using var there = new HttpFaultProxy(gateway.Endpoint, (_, _) => HttpFault.None, right).Start();
        await using var elsewhere = new HttpFaultProxy(gateway.Endpoint, (_, _) => HttpFault.None, other).Start();

        await RefusedAsync(place with { Endpoint = there.Endpoint });
        await RefusedAsync(place with { Endpoint = there.Endpoint, CertificateFile = FileOf(other, "other.pem") });
        await RefusedAsync(place with { Endpoint = elsewhere.Endpoint, CertificateFile = FileOf(other, "other.pem") });
        Assert.Equal(0, there.Requests + elsewhere.Requests);

        using var store = S3ObjectStore.Open(
            place with { Endpoint = there.Endpoint, CertificateFile = FileOf(right, "right.pem") },
            PosixFileSystem.Instance,
            TimeProvider.System);
        var name = new ObjectName("a");
        Assert.Equal(PutOutcome.Created, await store.PutAsync(name, new byte[7], PutCondition.IfAbsent, Token));
        Assert.Equal(7, (await store.StatAsync(name, Token))?.Size);

        async Task RefusedAsync(S3Place refused)
        {
            var failure = await FailureOfPutAsync(refused);
            Assert.Equal(ErrorCode.Denied, failure.Code);
            Assert.False(failure.Transient);
            Assert.Contains("ca-file", failure.Hint, StringComparison.Ordinal);
        }

        string FileOf(X509Certificate2 certificate, string file)
        {
            var path = scratch.Combine(file);
            File.WriteAllBytes(path, System.Text.Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
            return path;
        }
    }

    private static async Task<Failure> FailureOfPutAsync(S3Place place)
    {
        using var store = S3ObjectStore.Open(place, PosixFileSystem.Instance, TimeProvider.System);
        return (await Assert.ThrowsAnyAsync<LifeboatException>(
            async () => await store.PutAsync(new ObjectName("a"), new byte[1], PutCondition.IfAbsent, Token))).Failure;
    }

    private static X509Certificate2 Certificate(IPAddress address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=store", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));

        // Through PKCS#12, since a key that lives in memory alone is not one that a server's TLS takes everywhere.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), password: null);
    }
}
