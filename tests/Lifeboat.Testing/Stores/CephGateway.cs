using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Testing.Servers;

namespace Lifeboat.Testing.Stores;

/// <summary>
/// A real Ceph with its S3 gateway on loopback, one for each run of a test program, started when the first test asks. It
/// ends with the program, whichever way that ends: it watches a pipe.
/// </summary>
public sealed class CephGateway : IDisposable
{
    private const string Key = "testkey0000000000001";
    private const string Secret = "testsecret0000000000000000000000000000001";

    private static readonly Lazy<Task<CephGateway>> s_started = new(StartAsync);

    private readonly Process _process;
    private readonly TemporaryFolder _folder;
    private readonly AmazonS3Client _client;
    private int _buckets;
    private int _ended;

    private CephGateway(Process process, TemporaryFolder folder, int port)
    {
        _process = process;
        _folder = folder;
        Endpoint = new Uri($"http://127.0.0.1:{port}");
        _client = new AmazonS3Client(
            new BasicAWSCredentials(Key, Secret),
            new AmazonS3Config { ServiceURL = Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
    }

    public Uri Endpoint { get; }

    /// <summary>What a program needs in its environment to be let in.</summary>
    public static IReadOnlyDictionary<string, string> Credentials { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["AWS_ACCESS_KEY_ID"] = Key,
        ["AWS_SECRET_ACCESS_KEY"] = Secret,
        ["AWS_EC2_METADATA_DISABLED"] = "true",
    };

    public static Task<CephGateway> GetAsync() => s_started.Value;

    /// <summary>One for a test alone, which does to it what others would not bear.</summary>
    public static Task<CephGateway> StartOwnAsync() => StartAsync();

    /// <summary>Stops the process that holds the objects, as a dying disk would: the gateway answers no more, and says nothing.</summary>
    /// <returns>Lets it go on when it is disposed of; this Ceph then takes minutes to come back.</returns>
    public Task<IAsyncDisposable> SuspendStorageAsync() => SuspendAsync("ceph-osd");

    /// <summary>Stops the gateway itself: connections are taken and nothing is answered.</summary>
    /// <returns>Lets it go on when it is disposed of, and it does at once.</returns>
    public Task<IAsyncDisposable> SuspendGatewayAsync() => SuspendAsync("radosgw");

    private async Task<IAsyncDisposable> SuspendAsync(string program)
    {
        var found = Process.GetProcessesByName(program).Single(candidate => ParentOf(candidate.Id) == _process.Id).Id;
        await SignalAsync("-STOP", found);
        return new Suspension(found);
    }

    /// <summary>A new bucket, and in it a place for a repository.</summary>
    /// <param name="locks">With object lock, and so with versions.</param>
    public async Task<S3Place> NewPlaceAsync(bool versions = false, bool locks = false)
    {
        var bucket = string.Create(
            CultureInfo.InvariantCulture, $"test-{Interlocked.Increment(ref _buckets)}-{Environment.ProcessId}");
        await _client.PutBucketAsync(new PutBucketRequest
        {
            BucketName = bucket,
            ObjectLockEnabledForBucket = locks,
        });
        if (versions)
        {
            await _client.PutBucketVersioningAsync(new PutBucketVersioningRequest
            {
                BucketName = bucket,
                VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled },
            });
        }

        return new S3Place(bucket, "some/prefix/") { Endpoint = Endpoint };
    }

    /// <summary>Another user than the one who owns the buckets; without a policy he may do nothing to them.</summary>
    /// <returns>What a program needs in its environment to come as this user.</returns>
    public async Task<IReadOnlyDictionary<string, string>> NewUserAsync(string name)
    {
        var start = new ProcessStartInfo("radosgw-admin")
        {
            ArgumentList =
            {
                "user", "create", $"--uid={name}", $"--display-name={name}", $"--access-key={Key}{name}",
                $"--secret-key={Secret}{name}",
            },
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["CEPH_CONF"] = Path.Combine(_folder.Root, "ceph.conf");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? new Dictionary<string, string>(Credentials, StringComparer.Ordinal)
            {
                ["AWS_ACCESS_KEY_ID"] = Key + name,
                ["AWS_SECRET_ACCESS_KEY"] = Secret + name,
            }
            : throw new InvalidOperationException($"radosgw-admin ended with exit code {process.ExitCode}: {error}");
    }

    /// <summary>Sets the bucket's policy, as its owner.</summary>
    public Task SetPolicyAsync(string bucket, string policy) =>
        _client.PutBucketPolicyAsync(new PutBucketPolicyRequest { BucketName = bucket, Policy = policy });

    private static async Task<CephGateway> StartAsync()
    {
        foreach (var (name, value) in Credentials)
        {
            // The SDK's own search finds them, as it does in the program.
            Environment.SetEnvironmentVariable(name, value);
        }

        var folder = new TemporaryFolder();
        var port = FreePort();
        var start = new ProcessStartInfo(Path.Combine(RepositoryFolder.Root, "eng", "ceph"))
        {
            ArgumentList = { "run", folder.Root, $"{port}", $"{FreePort()}" },
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["LIFEBOAT_CEPH_KEY"] = Key;
        start.Environment["LIFEBOAT_CEPH_SECRET"] = Secret;
        var process = Process.Start(start)!;
        return await process.StandardOutput.ReadLineAsync() == "ready"
            ? new CephGateway(process, folder, port)
            : throw new InvalidOperationException(
                $"eng/ceph ended with exit code {process.ExitCode}; 'eng/setup' installs what it needs");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static int ParentOf(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static async Task SignalAsync(string signal, int process)
    {
        using var kill = Process.Start("kill", [signal, $"{process}"]);
        await kill.WaitForExitAsync();
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"kill {signal} {process} ended with exit code {kill.ExitCode}");
        }
    }

    private sealed class Suspension(int process) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await SignalAsync("-CONT", process);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return;
        }

        _process.StandardInput.Close();
        _process.WaitForExit(10_000);
        _client.Dispose();
        _folder.Dispose();
    }
}
