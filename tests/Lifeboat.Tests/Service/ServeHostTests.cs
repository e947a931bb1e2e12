using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Lifeboat.Engine.Wal.Service;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Repository;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.WalArchive;
using Lifeboat.Server;
using Lifeboat.Tests.Cli;
using Xunit;

namespace Lifeboat.Tests.Service;

/// <summary>The service as a whole, within the test's process: socket, health, commands, beginning and end.</summary>
public sealed class ServeHostTests
{
    private static readonly (string Name, byte[] Content)[] Wal = [.. ServiceScenario.Segments(4)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_push_waits_for_the_service_and_a_fetch_takes_what_it_brought()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await using var host = await Host.StartAsync(scenario);
        foreach (var (name, content) in Wal)
        {
            scenario.MakeReady(name, content);
        }

        foreach (var (name, _) in Wal)
        {
            Assert.Equal(0, (await CliAsync(scenario, "wal", "push", $"{scenario.Server}/pg_wal/{name}")).ExitCode);
            Assert.True(scenario.Evidence().IsArchived(name));
        }

        var destination = $"{scenario.Server}/pg_wal/RECOVERYXLOG";
        foreach (var (name, content) in Wal)
        {
            scenario.Files.Delete($"{scenario.Places.ArchiveStatus}/{name}.ready");
            Assert.Equal(0, (await CliAsync(scenario, "wal", "fetch", name, destination)).ExitCode);
            Assert.Equal(content, scenario.Archive.Read(destination));
        }

        var health = host.Health();
        Assert.Equal(4, health.GetProperty("push").GetProperty("pushed").GetInt32());
        Assert.Equal(4, health.GetProperty("fetch").GetProperty("fetched").GetInt32());
        Assert.Equal(20, (await CliAsync(scenario, "wal", "fetch", "0000000100000000000000AA", destination)).ExitCode);
    }

    [Fact]
    public async Task A_second_service_for_the_same_directory_is_refused_and_the_first_goes_on()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await using var host = await Host.StartAsync(scenario);

        var refusal = await Assert.ThrowsAsync<LifeboatException>(
            () => ServeHost.RunAsync(Host.Options(scenario), Token));

        Assert.Equal(ErrorCode.Conflict, refusal.Code);
        Assert.Equal("ok", host.Health().GetProperty("status").GetString());
        Assert.Equal(0x180, scenario.Files.Stat(scenario.Places.Socket)!.Value.Mode);
        Assert.Equal(0x1C0, scenario.Files.Stat(scenario.Places.Folder)!.Value.Mode);
    }

    [Fact]
    public async Task While_the_repository_is_away_the_queue_shows_in_health_and_afterwards_it_is_worked_off()
    {
        using var scenario = await ServiceScenario.NewAsync();
        scenario.Run($"mv '{scenario.Repository}' '{scenario.Repository}.away'");
        await using var host = await Host.StartAsync(scenario);
        scenario.MakeReady(Wal[0].Name, Wal[0].Content);
        scenario.Age($"{scenario.Places.ArchiveStatus}/{Wal[0].Name}.ready", 60);

        await host.UntilAsync(health => health.GetProperty("error").ValueKind == JsonValueKind.Object);
        var push = host.Health().GetProperty("push");
        Assert.Equal("starting", host.Health().GetProperty("status").GetString());
        Assert.Equal(1, push.GetProperty("ready").GetInt32());
        Assert.Equal(Wal[0].Name, push.GetProperty("oldestReady").GetString());
        Assert.InRange(push.GetProperty("oldestReadySeconds").GetDouble(), 59, 600);

        scenario.Run($"mv '{scenario.Repository}.away' '{scenario.Repository}'");
        await host.UntilAsync(health => health.GetProperty("push").GetProperty("acknowledged").GetInt32() == 1);

        scenario.Run($"mv '{scenario.Repository}' '{scenario.Repository}.away'");
        scenario.MakeReady(Wal[1].Name, Wal[1].Content);
        await host.UntilAsync(health => health.GetProperty("status").GetString() == "failing");
        Assert.Equal(ServiceScenario.NotBelieved, scenario.Push(Wal[1].Name));
        Assert.Equal(Wal[1].Name, host.Health().GetProperty("push").GetProperty("lastError").GetProperty("subject").GetString());
        scenario.Run($"mv '{scenario.Repository}.away' '{scenario.Repository}'");
        await host.UntilAsync(health => health.GetProperty("push").GetProperty("acknowledged").GetInt32() == 2);
        await host.UntilAsync(health => health.GetProperty("status").GetString() == "ok");
    }

    [Fact]
    public async Task A_repository_made_anew_and_a_changed_lineage_begin_a_new_session_by_themselves()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await using var host = await Host.StartAsync(scenario);
        var before = host.Health().GetProperty("lineage").GetString();
        scenario.Run($"rm -rf '{scenario.Repository}'");
        Assert.Equal(0, (await CliCall.RunAsync("init", "--repository", scenario.Repository)).ExitCode);

        await host.UntilAsync(health => health.GetProperty("lineage").GetString() is { } now && now != before);
        scenario.MakeReady(Wal[0].Name, Wal[0].Content);
        await host.UntilAsync(health => health.GetProperty("push").GetProperty("acknowledged").GetInt32() == 1);
        Assert.Equal(0, scenario.Push(Wal[0].Name));

        var second = host.Health().GetProperty("lineage").GetString();
        Assert.Equal(0, (await CliAsync(scenario, "adopt", "--as-new")).ExitCode);
        await host.UntilAsync(health => health.GetProperty("lineage").GetString() is { } now && now != second);
        await host.UntilAsync(health => health.GetProperty("push").GetProperty("acknowledged").GetInt32() == 1);
        Assert.Equal(0, scenario.Push(Wal[0].Name));
    }

    [Fact]
    public async Task A_data_directory_that_is_taken_away_ends_the_service()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await using var host = await Host.StartAsync(scenario);

        scenario.Run($"mv '{scenario.Server}' '{scenario.Server}.away'; cp -a '{scenario.Server}.away' '{scenario.Server}'");

        var ended = await Assert.ThrowsAsync<LifeboatException>(() => host.Running);
        Assert.Equal(ErrorCode.NotFound, ended.Code);
    }

    [Fact]
    public async Task A_data_directory_with_a_long_path_has_a_socket_too()
    {
        using var scenario = await ServiceScenario.NewAsync();
        var directory = $"{scenario.Scratch}/{new string('x', 120)}";
        scenario.Run($"cp -a '{scenario.Server}' '{directory}'");
        await using var host = await Host.StartAsync(scenario, directory);

        Assert.Equal("ok", host.Health().GetProperty("status").GetString());
    }

    [Fact]
    public async Task Health_by_HTTP_answers_this_machine_under_its_own_names_only()
    {
        using var scenario = await ServiceScenario.NewAsync();
        var port = FreePort();
        await using var host = await Host.StartAsync(scenario, http: new LoopbackAddress(IPAddress.Loopback, port));
        using var client = new HttpClient();
        async Task<HttpStatusCode> AskAsync(string path, string? name = null, HttpMethod? method = null, string? origin = null)
        {
            using var request = new HttpRequestMessage(method ?? HttpMethod.Get, $"http://127.0.0.1:{port}{path}");
            request.Headers.Host = name ?? $"127.0.0.1:{port}";
            if (origin is not null)
            {
                request.Headers.Add("Origin", origin);
            }

            using var response = await client.SendAsync(request, Token);
            return response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await AskAsync("/health"));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync("/"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await AskAsync("/health", method: HttpMethod.Post));
        Assert.InRange((int)await AskAsync("/health", $"evil.example:{port}"), 400, 404);
        Assert.InRange((int)await AskAsync("/health", "evil.example"), 400, 404);
        for (var round = 0; round < 20; round++)
        {
            Assert.Equal(HttpStatusCode.Forbidden, await AskAsync("/health", "evil.example"));
            Assert.Equal(HttpStatusCode.Forbidden, await AskAsync("/health", origin: "http://evil.example"));
        }

        using var document = JsonDocument.Parse(await client.GetStringAsync($"http://127.0.0.1:{port}/health", Token));
        Assert.Equal(scenario.Server, document.RootElement.GetProperty("dataDirectory").GetString());
    }

    [Theory]
    [InlineData("0.0.0.0:80")]
    [InlineData("*:80")]
    [InlineData("192.168.1.1:80")]
    [InlineData("example.com:80")]
    [InlineData("[::]:80")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.1:80")]
    public async Task An_address_that_is_not_of_this_machine_alone_is_refused(string address)
    {
        using var scenario = await ServiceScenario.NewAsync();

        var call = await CliAsync(scenario, "serve", "--http", address);

        Assert.Equal(2, call.ExitCode);
        Assert.Contains("hint: Give 127.0.0.1:PORT", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_who_says_nothing_or_nonsense_gets_no_answer_and_harms_nobody()
    {
        using var scenario = await ServiceScenario.NewAsync();
        await using var host = await Host.StartAsync(scenario);
        var quiet = new List<Socket>();
        foreach (var text in new[] { "", "push", new string('x', 5000), "push ../../etc/passwd\n", "\0\n", "fetch \n" })
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(scenario.Places.Socket), Token);
            try
            {
                await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(text), SocketFlags.None, Token);
            }
            catch (SocketException)
            {
                // The service has closed it already.
            }

            quiet.Add(socket);
        }

        Assert.Equal("ok", host.Health().GetProperty("status").GetString());
        quiet.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task The_printed_commands_fit_into_what_every_server_takes()
    {
        using var scenario = await ServiceScenario.NewAsync();

        var settings = (await CliAsync(scenario, "serve", "--print-settings", "--output", "json")).Json;

        Assert.All(
            new[] { "archiveCommand", "restoreCommand" },
            name => Assert.InRange(settings.GetProperty(name).GetString()!.Length, 300, ShellCommands.MostBytes));
        var longer = await CliCall.RunAsync("serve", "--print-settings", "--repository", $"/{new string('r', 600)}");
        Assert.Equal(2, longer.ExitCode);
    }

    private static Task<CliCall> CliAsync(ServiceScenario scenario, params string[] words) => CliCall.RunAsync(
        [.. words, "--repository", scenario.Repository, "--cluster-dir", scenario.Server]);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Host : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ServicePlaces _places;

        private Host(ServeOptions options)
        {
            _places = options.Places;
            Running = Task.Run(() => ServeHost.RunAsync(options, _stop.Token));
        }

        internal Task Running { get; }

        internal static ServeOptions Options(ServiceScenario scenario, string? directory = null, LoopbackAddress? http = null) =>
            new()
            {
                Places = new ServicePlaces(directory ?? scenario.Server, "main"),
                Files = scenario.Files,
                OpenAsync = async token =>
                {
                    var repository = await RepositoryRoot.OpenAsync(
                        scenario.OpenStore(), secret: null, TimeProvider.System, token);
                    return await Cluster.OpenOrCreateFirstAsync(repository, "main", token);
                },
                LocalRepository = scenario.Repository,
                Workers = 2,
                Http = http,
                Log = line => TestContext.Current.TestOutputHelper?.WriteLine(line),
            };

        internal static async Task<Host> StartAsync(
            ServiceScenario scenario, string? directory = null, LoopbackAddress? http = null)
        {
            var host = new Host(Options(scenario, directory, http));
            await host.UntilAsync(health => health.GetProperty("lineage").ValueKind == JsonValueKind.String
                || health.GetProperty("error").ValueKind == JsonValueKind.Object);
            return host;
        }

        internal JsonElement Health() => JsonDocument.Parse(ServeClient.Health(_places) ?? "{}").RootElement;

        internal async Task UntilAsync(Func<JsonElement, bool> condition)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
            patience.CancelAfter(TimeSpan.FromMinutes(2));
            while (!(ServeClient.Health(_places) is { } text && condition(JsonDocument.Parse(text).RootElement)))
            {
                if (Running.IsCompleted)
                {
                    await Running;
                }

                await Task.Delay(20, patience.Token);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Running.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            _stop.Dispose();
        }
    }
}
