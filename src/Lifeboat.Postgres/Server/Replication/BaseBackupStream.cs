using System.Globalization;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Npgsql;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>
/// A base backup as the server sends it (PostgreSQL's documentation, "Streaming Replication Protocol", BASE_BACKUP): its
/// start, then one tar archive for each tablespace, the data directory's the last, then the manifest, then its end. Until 14
/// each archive is a copy of its own; from 15 on there is one, whose messages say what they are. One call at a time. Every
/// failure is a <see cref="LifeboatException"/>.
/// </summary>
public sealed class BaseBackupStream
{
    private const string Operation = "receive the base backup";
    private const int FirstMajorOfOneCopy = 15;
    private const string DataCorrupted = "XX001";
    private const string NotInPrerequisiteState = "55000";

    private readonly BackendMessages _messages;
    private readonly bool _isOneCopy;
    private readonly string _subject;
    private Event? _pending;
    private bool _copying;
    private int _archives;
    private ReadOnlyMemory<byte> _data;
    private BaseBackupArchive? _archive;

    private BaseBackupStream(BackendMessages messages, int major, string subject)
    {
        _messages = messages;
        _isOneCopy = major >= FirstMajorOfOneCopy;
        _subject = subject;
    }

    private enum Event
    {
        Archive,
        Data,
        ArchiveEnd,
        End,
    }

    /// <summary>Redo of the backup's checkpoint: replay begins here.</summary>
    public Lsn Start { get; private set; }

    /// <summary>The timeline of <see cref="Start"/>.</summary>
    public Timeline Timeline { get; private set; }

    /// <summary>In the order of their archives.</summary>
    public IReadOnlyList<BaseBackupTablespace> Tablespaces { get; private set; } = [];

    /// <summary>Null until <see cref="NextArchiveAsync"/> has returned null.</summary>
    public BaseBackupEnd? End { get; private set; }

    /// <summary>Waits for the server's checkpoint.</summary>
    internal static async Task<BaseBackupStream> StartAsync(
        Stream connection, int major, string subject, BaseBackupRequest request, CancellationToken cancel)
    {
        var stream = new BaseBackupStream(new BackendMessages(connection), major, subject);
        return await stream.GuardAsync("start the base backup", async () =>
        {
            await connection.WriteAsync(BackendMessages.Query(request.Command(major)), cancel);
            await connection.FlushAsync(cancel);
            var start = await stream.RowsAsync(begun: false, cancel);
            (stream.Start, stream.Timeline) = stream.Position(start);
            stream.Tablespaces = [.. (await stream.RowsAsync(begun: false, cancel)).Select(stream.Tablespace)];
            return stream;
        });
    }

    /// <summary>The next archive, behind the last bytes of the one before; null at the end of the backup.</summary>
    public Task<BaseBackupArchive?> NextArchiveAsync(CancellationToken cancel) => GuardAsync(Operation, async () =>
    {
        while (true)
        {
            var next = _pending ?? await NextAsync(cancel);
            _pending = null;
            switch (next)
            {
                case Event.Archive:
                    return _archive;
                case Event.End:
                    return null;
                case Event.Data:
                    throw new NpgsqlException("the server sent bytes of no archive");
            }
        }
    });

    /// <summary>
    /// The next bytes of the archive, valid until the next call; empty at its end, and from then on.
    /// </summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancel)
    {
        while (_pending is null)
        {
            var next = await GuardAsync(Operation, () => NextAsync(cancel).AsTask());
            if (next != Event.Data)
            {
                _pending = next;
            }
            else if (!_data.IsEmpty)
            {
                return _data;
            }
        }

        return ReadOnlyMemory<byte>.Empty;
    }

    private async ValueTask<Event> NextAsync(CancellationToken cancel)
    {
        while (true)
        {
            var message = await _messages.ReadAsync(cancel);
            switch (message.Type)
            {
                case 'H' when !_copying:
                    _copying = true;
                    if (!_isOneCopy)
                    {
                        return Begin();
                    }

                    break;
                case 'd' when _copying && !_isOneCopy:
                    _data = message.Body;
                    return Event.Data;
                case 'd' when _copying && !message.Body.IsEmpty:
                    if (Typed(message.Body) is { } what)
                    {
                        return what;
                    }

                    break;
                case 'c' when _copying && !_isOneCopy:
                    _copying = false;
                    return Event.ArchiveEnd;
                case 'c' when _copying:
                    await EndAsync(begun: false, cancel);
                    return Event.End;
                case 'T' when !_copying && !_isOneCopy:
                    await EndAsync(begun: true, cancel);
                    return Event.End;
                default:
                    throw Unexpected(message);
            }
        }
    }

    /// <summary>A message of the one copy of PostgreSQL 15 and later; null for a report of progress.</summary>
    private Event? Typed(ReadOnlyMemory<byte> body)
    {
        var rest = body.Span[1..];
        switch ((char)body.Span[0])
        {
            case 'n':
                var archive = Begin();
                var name = BackendMessages.Text(ref rest);
                var expected = _archive?.Tablespace is { } tablespace
                    ? (tablespace.Oid?.ToString(CultureInfo.InvariantCulture) ?? "base") + ".tar"
                    : "none";
                return name == expected
                    ? archive
                    : throw new NpgsqlException($"the server sent the archive '{name}' in the place of '{expected}'");
            case 'm':
                return Begin() is var manifest && _archive!.IsManifest
                    ? manifest
                    : throw new NpgsqlException("the server sent the manifest before the last archive");
            case 'd':
                _data = body[1..];
                return Event.Data;
            case 'p':
                return null;
            default:
                throw new NpgsqlException($"the server sent a message '{(char)body.Span[0]}' within its copy");
        }
    }

    private Event Begin()
    {
        if (_archives > Tablespaces.Count)
        {
            throw new NpgsqlException("the server sent more archives than it has tablespaces");
        }

        _archive = new BaseBackupArchive(_archives < Tablespaces.Count ? Tablespaces[_archives] : null);
        _archives++;
        return Event.Archive;
    }

    /// <summary>
    /// The end's position; behind it the server ends with an error when it found damaged pages, though everything was sent.
    /// </summary>
    private async ValueTask EndAsync(bool begun, CancellationToken cancel)
    {
        if (_archives != Tablespaces.Count + 1)
        {
            throw new NpgsqlException($"the server sent {_archives} of {Tablespaces.Count + 1} archives");
        }

        var (stop, timeline) = Position(await RowsAsync(begun, cancel));
        var damage = false;
        while (true)
        {
            try
            {
                if ((await _messages.ReadAsync(cancel)).Type == 'Z')
                {
                    End = new BaseBackupEnd(stop, timeline, damage);
                    return;
                }
            }
            catch (PostgresException error) when (error.SqlState == DataCorrupted && !damage)
            {
                damage = true;
            }
        }
    }

    /// <summary>The rows of a result.</summary>
    /// <param name="begun">Its description was read.</param>
    private async ValueTask<List<string?[]>> RowsAsync(bool begun, CancellationToken cancel)
    {
        var rows = new List<string?[]>();
        while (true)
        {
            var message = await _messages.ReadAsync(cancel);
            switch (message.Type)
            {
                case 'T' when !begun:
                    begun = true;
                    break;
                case 'D' when begun:
                    rows.Add(BackendMessages.Row(message.Body.Span));
                    break;
                case 'C' when begun:
                    return rows;
                default:
                    throw Unexpected(message);
            }
        }
    }

    private (Lsn Position, Timeline Timeline) Position(List<string?[]> rows) =>
        rows is [[{ } position, { } timeline, ..]] && Lsn.TryParse(position, out var lsn)
            && uint.TryParse(timeline, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
                ? (lsn, new Timeline(number))
                : throw new NpgsqlException("the server sent no position where one belongs");

    private BaseBackupTablespace Tablespace(string?[] row)
    {
        if (row is not [var oid, var location, var kilobytes, ..])
        {
            throw new NpgsqlException("the server sent a list of tablespaces of another form");
        }

        _ = long.TryParse(kilobytes, NumberStyles.None, CultureInfo.InvariantCulture, out var size);
        return oid is null
            ? new BaseBackupTablespace(null, null, size << 10)
            : location is not null && uint.TryParse(oid, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? new BaseBackupTablespace(number, location, size << 10)
                : throw new NpgsqlException("the server sent a tablespace without its place");
    }

    private static NpgsqlException Unexpected(BackendMessage message) =>
        new($"the server sent a message '{message.Type}' that a base backup has not here");

    private async Task<T> GuardAsync<T>(string operation, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (PostgresException promoted) when (promoted.SqlState == NotInPrerequisiteState)
        {
            // A standby that was promoted meanwhile; where there are slots, the code means one of them.
            throw ServerErrors.Of(promoted, operation, _subject);
        }
        catch (Exception error) when (ServerErrors.IsOne(error))
        {
            var failed = ReplicationErrors.Of(error, operation, _subject);
            throw failed.Code != ErrorCode.ServerUnavailable || operation != Operation ? failed : new LifeboatException(
                failed.Failure with
                {
                    Hint = "See the server's log for why the connection ended, then run the backup again: what was stored is "
                        + "reused.",
                },
                error);
        }
    }
}
