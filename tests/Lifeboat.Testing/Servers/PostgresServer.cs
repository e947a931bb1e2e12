using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Lifeboat.Platform.Files;

namespace Lifeboat.Testing.Servers;

/// <summary>
/// A real PostgreSQL server on this machine's loopback, started as a child of the test's process. Port and socket
/// folder are given on its command line and not in its configuration, so that a copy of its data directory can be
/// started beside it.
/// </summary>
public sealed partial class PostgresServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private PostgresServer(PostgresInstallation installation, string? dataDirectory, PostgresOptions options)
    {
        Installation = installation;
        Options = options;
        DataDirectory = dataDirectory ?? _folder["data"];
        SocketFolder = _folder.CreateForPostgres("s");
        // Tests of other users connect too.
        PosixFileSystem.Instance.SetMode(SocketFolder, 0b111_101_101);
        Port = FreePort();
    }

    public PostgresInstallation Installation { get; }

    public int Major => Installation.Major;

    public PostgresOptions Options { get; }

    public string DataDirectory { get; }

    /// <summary>The folder of its unix socket, which a client gives as its host.</summary>
    public string SocketFolder { get; }

    public int Port { get; private set; }

    /// <summary>What it has logged since it was made, over all its starts.</summary>
    public string Log => File.Exists(LogPath) ? File.ReadAllText(LogPath) : "";

    private string LogPath => _folder["log"];

    /// <summary>Creates a new cluster and starts it.</summary>
    public static async Task<PostgresServer> StartNewAsync(int major, PostgresOptions? options = null)
    {
        var server = await CreateAsync(major, options);
        try
        {
            await server.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a new cluster without starting it.</summary>
    public static async Task<PostgresServer> CreateAsync(int major, PostgresOptions? options = null)
    {
        options ??= PostgresOptions.Default;
        var server = new PostgresServer(PostgresInstallation.Of(major), dataDirectory: null, options);
        await ClusterTemplates.CopyToAsync(server.Installation, options, server.DataDirectory);
        await File.AppendAllTextAsync(
            Path.Combine(server.DataDirectory, "postgresql.conf"), "\n" + options.ConfigurationText());
        if (options.HostBasedAuthentication is { } rules)
        {
            await File.WriteAllTextAsync(Path.Combine(server.DataDirectory, "pg_hba.conf"), rules);
        }

        return server;
    }

    /// <summary>
    /// A server over a data directory that exists, such as a restored one: it is given to the user postgres, nothing in
    /// it is changed, and it is left in place at the end. Not started yet.
    /// </summary>
    public static PostgresServer Over(int major, string dataDirectory, PostgresOptions? options = null)
    {
        PostgresUser.Own(dataDirectory);
        return new PostgresServer(PostgresInstallation.Of(major), dataDirectory, options ?? PostgresOptions.Default);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(StopMode.Immediate);
        _folder.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
