using System.Globalization;
using System.Runtime.CompilerServices;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Npgsql;
using Npgsql.Replication;
using NpgsqlTypes;

namespace Lifeboat.Postgres.Server.Replication;

/// <summary>
/// One connection of physical replication. One call at a time. Every failure is a <see cref="LifeboatException"/>:
/// ServerUnavailable, Denied, NotFound (a slot, a history), WalMissing, Mismatch.
/// </summary>
/// <remarks>
/// Npgsql reads messages into one buffer, and a timeline history must fit into it whole; so must none of the WAL, but
/// fewer, larger reads cost less.
/// </remarks>
public sealed class ReplicationSession : IAsyncDisposable
{
    private const int ReadBuffer = 256 << 10;

    private readonly PhysicalReplicationConnection _connection;

    private ReplicationSession(PhysicalReplicationConnection connection, ServerAddress address, string subject)
    {
        _connection = connection;
        Address = address;
        Subject = subject;
    }

    public ServerAddress Address { get; }

    public int Major => _connection.PostgreSqlVersion.Major;

    /// <summary>User and address, for messages.</summary>
    internal string Subject { get; }

    /// <summary>
    /// Connects to the first address that answers and is of the kind that target_session_attrs asks for.
    /// </summary>
    /// <param name="applicationName">By which synchronous_standby_names may know this session.</param>
    public static Task<ReplicationSession> OpenAsync(
        ConnInfo connInfo, string applicationName, CancellationToken cancel) =>
        TargetSessions.FirstAsync(
            connInfo, (candidate, wanted) => ConnectAsync(candidate, connInfo, applicationName, wanted, cancel));

    public Task<SystemIdentity> IdentifyAsync(CancellationToken cancel) => CallAsync(
        "identify the server",
        async () =>
        {
            var system = await _connection.IdentifySystem(cancel);
            return new SystemIdentity(
                ulong.Parse(system.SystemId, NumberStyles.None, CultureInfo.InvariantCulture),
                new Timeline(system.Timeline),
                new Lsn((ulong)system.XLogPos));
        });

    public async Task<WalSegmentSize> ReadSegmentSizeAsync(CancellationToken cancel)
    {
        const string Operation = "ask for wal_segment_size";
        var text = await CallAsync(Operation, () => _connection.Show("wal_segment_size", cancel));
        // Shown with the largest unit that gives a whole number: 16MB, 1GB.
        var bytes = text switch
        {
            [.. var number, 'M', 'B'] when long.TryParse(number, CultureInfo.InvariantCulture, out var n) => n << 20,
            [.. var number, 'G', 'B'] when long.TryParse(number, CultureInfo.InvariantCulture, out var n) => n << 30,
            _ => 0,
        };
        return WalSegmentSize.IsValid(bytes)
            ? new WalSegmentSize((int)bytes)
            : throw new LifeboatException(new Failure(
                ErrorCode.Mismatch,
                Operation,
                Subject,
                $"the server says '{text}', which no segment size is",
                Hint: "Check that a PostgreSQL server answers at this address, without a proxy between."));
    }

    /// <summary>The content of a timeline's history file, as the server has it.</summary>
    /// <param name="timeline">Not the first, which has none.</param>
    /// <exception cref="LifeboatException">WalMissing: the server has no such file.</exception>
    public Task<byte[]> ReadHistoryAsync(Timeline timeline, CancellationToken cancel) => CallAsync(
        $"read the history of timeline {timeline}",
        async () =>
        {
            var row = await ReadSingleRow(
                _connection, string.Create(CultureInfo.InvariantCulture, $"TIMELINE_HISTORY {timeline.Value}"), cancel);
            return row switch
            {
                [_, byte[] content] => content,
                [_, string text] => System.Text.Encoding.UTF8.GetBytes(text),
                _ => throw new NpgsqlException("the answer has another form than TIMELINE_HISTORY's"),
            };
        });

    /// <summary>Makes a permanent physical slot that holds WAL from now on.</summary>
    /// <returns>False when a slot of this name is there already.</returns>
    public async Task<bool> CreateSlotAsync(SlotName slot, CancellationToken cancel)
    {
        try
        {
            await CallAsync(
                $"create replication slot {slot}",
                () => _connection.CreateReplicationSlot(slot.ToString(), isTemporary: false, reserveWal: true, cancel));
            return true;
        }
        catch (LifeboatException error)
            when (error.InnerException is PostgresException { SqlState: ReplicationErrors.DuplicateObject })
        {
            return false;
        }
    }

    /// <exception cref="LifeboatException">NotFound; ServerUnavailable while somebody uses it.</exception>
    public Task DropSlotAsync(SlotName slot, CancellationToken cancel) => CallAsync(
        $"drop replication slot {slot}",
        async () =>
        {
            await _connection.DropReplicationSlot(slot.ToString(), wait: false, cancel);
            return true;
        });

    /// <summary>Starts a base backup, and waits for the server's checkpoint. The session is taken from then on.</summary>
    /// <exception cref="LifeboatException">Denied, ServerUnavailable, Failed.</exception>
    public Task<BaseBackupStream> StartBaseBackupAsync(BaseBackupRequest request, CancellationToken cancel) =>
        BaseBackupStream.StartAsync(RawConnection.StreamOf(_connection), Major, Subject, request, cancel);

    /// <summary>Begins to stream. The session is taken until the stream is disposed.</summary>
    /// <param name="slot">Null for none: then the server keeps nothing for this session.</param>
    /// <param name="from">The first position wanted.</param>
    /// <param name="flushed">What is told to the server as durable until something is acknowledged.</param>
    public ReplicationStream Start(SlotName? slot, Timeline timeline, Lsn from, Lsn flushed)
    {
        _connection.SetReplicationStatus(new NpgsqlLogSequenceNumber(flushed.Value));
        return new ReplicationStream(_connection, slot, timeline, from, Subject);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _connection.DisposeAsync();
        }
        catch (Exception error) when (ServerErrors.IsOne(error))
        {
            // It is closed one way or another; the call before has reported what was lost.
        }
    }

    private static async Task<ReplicationSession> ConnectAsync(
        ConnectionCandidate candidate,
        ConnInfo connInfo,
        string applicationName,
        TargetSession wanted,
        CancellationToken cancel)
    {
        const string Operation = "connect to the server for replication";
        var subject = $"user={connInfo.User} at {candidate.Address}";
        var settings = new NpgsqlConnectionStringBuilder(candidate.Settings.ConnectionString)
        {
            ApplicationName = applicationName,
            ReadBufferSize = ReadBuffer,
        };
        var session = new ReplicationSession(
            new PhysicalReplicationConnection(settings.ConnectionString), candidate.Address, subject);
        try
        {
            await session._connection.Open(cancel);
            if (!await session.IsAsync(wanted, cancel))
            {
                throw TargetSessions.Unsuitable(wanted, Operation, subject);
            }

            return session.Major is >= ServerSession.OldestMajor and <= ServerSession.NewestMajor
                ? session
                : throw ServerSession.UnknownMajor(session.Major, Operation, subject);
        }
        catch (Exception error)
        {
            await session.DisposeAsync();
            if (ServerErrors.IsOne(error))
            {
                throw ReplicationErrors.Of(error, Operation, subject);
            }

            throw;
        }
    }

    private async Task<bool> IsAsync(TargetSession wanted, CancellationToken cancel)
    {
        if (wanted == TargetSession.Any)
        {
            return true;
        }

        // No function can be called here. Until 14 nothing else shows that a server recovers.
        var readOnly = await _connection.Show("transaction_read_only", cancel) == "on";
        var recovers = Major >= 14 ? await _connection.Show("in_hot_standby", cancel) == "on" : readOnly;
        return wanted.Admits(readOnly, recovers);
    }

    /// <summary>
    /// Npgsql's TimelineHistory casts the content to bytes. From PostgreSQL 15 on the server calls it text, so that
    /// this
    /// always fails there, and no other public member of Npgsql's sends a command of this protocol. The method behind
    /// it
    /// gives both types as they come. Npgsql's version is pinned, and the timeline tests run on every major.
    /// </summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "ReadSingleRow")]
    private static extern Task<object[]> ReadSingleRow(
        ReplicationConnection connection, string command, CancellationToken cancel);

    private async Task<T> CallAsync<T>(string operation, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception error) when (ServerErrors.IsOne(error))
        {
            throw ReplicationErrors.Of(error, operation, Subject);
        }
    }
}
