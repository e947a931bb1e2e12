using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.S3;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Storage.Cloud.S3;

/// <summary>Makes the SDK's client for a place: who we are, where it is, and no repetition of its own.</summary>
internal static class S3Connection
{
    private const string DefaultRegion = "us-east-1";
    private const long MostCertificateBytes = 1 << 20;

    /// <exception cref="LifeboatException">Usage, NotFound: the profile or the certificates are not there.</exception>
    internal static AmazonS3Client Open(S3Place place, IFileSystem files)
    {
        var config = new AmazonS3Config
        {
            // RetryingStore repeats, with one count and one voice; time limits are those of S3Margins.
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
            // Stores that are not Amazon's newest refuse the checksum trailers; our own frames have better ones.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            HttpClientFactory = new Clients(Trusted(place, files)),
            BufferSize = 64 << 10,
            ForcePathStyle = place.PathStyle ?? place.Endpoint is not null,
        };
        if (place.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.ToString();
            config.AuthenticationRegion = place.Region ?? DefaultRegion;
        }
        else if (place.Region is { } region)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        try
        {
            return Credentials(place) is { } credentials
                ? new AmazonS3Client(credentials, config)
                : new AmazonS3Client(config);
        }
        catch (AmazonClientException failure)
        {
            throw S3Failures.Of(failure, "open the bucket", place.Bucket, place, null);
        }
    }

    private static AWSCredentials? Credentials(S3Place place)
    {
        if (place.Profile is not { } profile)
        {
            return null;
        }

        return new CredentialProfileStoreChain().TryGetAWSCredentials(profile, out var credentials)
            ? credentials
            : throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                "read the credentials",
                $"profile {profile}",
                "there is no such profile, or it has no keys",
                Hint: "Look into ~/.aws/credentials of the user who runs this, or set AWS_SHARED_CREDENTIALS_FILE."));
    }

    private static X509Certificate2Collection? Trusted(S3Place place, IFileSystem files)
    {
        if (place.CertificateFile is not { } path)
        {
            return null;
        }

        using var file = files.OpenRead(path);
        var content = new byte[Math.Min(file.Status().Size, MostCertificateBytes)];
        var length = file.Read(content, 0);
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(System.Text.Encoding.ASCII.GetString(content, 0, length));
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            certificates.Clear();
        }

        return certificates.Count > 0
            ? certificates
            : throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                "read the trusted certificates",
                path,
                "it holds no certificate in PEM form",
                Hint: "Give the certificate of the authority that signed the store's, from '-----BEGIN CERTIFICATE-----' on."));
    }

    private sealed class Clients(X509Certificate2Collection? trusted) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig)
        {
            var handler = new SocketsHttpHandler
            {
                ConnectTimeout = S3Margins.Connect,
                PooledConnectionLifetime = TimeSpan.FromMinutes(10),
                AllowAutoRedirect = false,
            };
            if (trusted is not null)
            {
                handler.SslOptions = new SslClientAuthenticationOptions
                {
                    CertificateChainPolicy = new X509ChainPolicy
                    {
                        TrustMode = X509ChainTrustMode.CustomRootTrust,
                        RevocationMode = X509RevocationMode.NoCheck,
                    },
                };
                handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(trusted);
            }

            return new HttpClient(new PlainXmlTypes(handler)) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
        }

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }

    /// <summary>
    /// Takes what follows <c>application/xml</c> away (<c>; charset=UTF-8</c>, as Google's store has it): with it the SDK does not
    /// read the code of an error, and what is absent could not be told from a proxy's page.
    /// </summary>
    private sealed class PlainXmlTypes(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (!answer.IsSuccessStatusCode
                && answer.Content.Headers.ContentType is { MediaType: { } type, Parameters.Count: > 0 }
                && type.EndsWith("/xml", StringComparison.OrdinalIgnoreCase))
            {
                answer.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
            }

            return answer;
        }
    }
}
