using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Lifeboat.Testing.Servers;
using Npgsql;

namespace Lifeboat.Tests.Postgres.Receive;

/// <summary>
/// Clients that append rows and note when the server told them that a row is committed. They go on when the server is
/// killed and comes back.
/// </summary>
internal sealed class Notes : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(int Client, int Number), TimeSpan> _acknowledged = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Task _work;
    private long _longestStall;

    private Notes(Func<PostgresServer> server, int clients) => _work = Task.WhenAll(
        Enumerable.Range(0, clients).Select(client => Task.Run(() => WriteAsync(server, client))).Append(WatchAsync()));

    internal TimeSpan Now => _clock.Elapsed;

    internal int Count => _acknowledged.Count;

    /// <summary>How long this machine let nobody work, at most.</summary>
    internal TimeSpan LongestStall => TimeSpan.FromTicks(Interlocked.Read(ref _longestStall));

    /// <param name="server">The one to write to now.</param>
    internal static async Task<Notes> BeginAsync(Func<PostgresServer> server, int clients)
    {
        await server().ExecuteAsync("CREATE TABLE notes(client int, number int, PRIMARY KEY (client, number))");
        return new Notes(server, clients);
    }

    /// <summary>Waits until so many more rows are committed.</summary>
    internal async Task MoreAsync(int rows)
    {
        var wanted = Count + rows;
        var since = Stopwatch.StartNew();
        while (Count < wanted)
        {
            if (_work.IsFaulted || since.Elapsed > TimeSpan.FromMinutes(2))
            {
                await _work.WaitAsync(TimeSpan.Zero);
            }

            await Task.Delay(5);
        }
    }

    /// <summary>Ends all clients and returns what they were told, and when.</summary>
    internal async Task<IReadOnlyDictionary<(int Client, int Number), TimeSpan>> EndAsync()
    {
        await _stop.CancelAsync();
        await _work;
        return _acknowledged;
    }

    /// <summary>The rows that are there.</summary>
    internal static async Task<HashSet<(int Client, int Number)>> VisibleAsync(PostgresServer server)
    {
        await using var connection = await server.ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT client, number FROM notes", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var visible = new HashSet<(int Client, int Number)>();
        while (await reader.ReadAsync())
        {
            visible.Add((reader.GetInt32(0), reader.GetInt32(1)));
        }

        return visible;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_work);
        _stop.Dispose();
    }

    private async Task WriteAsync(Func<PostgresServer> server, int client)
    {
        var number = 0;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await server().ConnectAsync();
                while (!_stop.IsCancellationRequested)
                {
                    // One that failed may be committed or not, and is not tried again.
                    var row = number++;
                    var insert = string.Create(
                        CultureInfo.InvariantCulture, $"INSERT INTO notes VALUES ({client}, {row})");
                    await using var command = new NpgsqlCommand(insert, connection);
                    await command.ExecuteNonQueryAsync(_stop.Token);
                    _acknowledged[(client, row)] = _clock.Elapsed;
                    await Task.Delay(2, _stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error) when (error is NpgsqlException or System.Net.Sockets.SocketException or IOException)
            {
                // The server is away.
                await Task.WhenAny(Task.Delay(50, _stop.Token));
            }
        }
    }

    private async Task WatchAsync()
    {
        var wanted = TimeSpan.FromMilliseconds(20);
        while (!_stop.IsCancellationRequested)
        {
            var before = _clock.Elapsed;
            await Task.WhenAny(Task.Delay(wanted, _stop.Token));
            var over = (_clock.Elapsed - before - wanted).Ticks;
            Interlocked.Exchange(ref _longestStall, Math.Max(Interlocked.Read(ref _longestStall), over));
        }
    }
}
