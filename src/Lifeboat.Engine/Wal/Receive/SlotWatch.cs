using System.Globalization;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;

namespace Lifeboat.Engine.Wal.Receive;

/// <summary>
/// Looks at the slot from time to time, on a session of its own, and warns before the server runs out of disk or the slot
/// out of WAL. It never drops a slot: what the slot holds may be all that there is.
/// </summary>
internal sealed class SlotWatch(WalReceiveRequest request)
{
    /// <summary>Less than this left before the server lets the slot's WAL go.</summary>
    private const long LittleLeft = 64 << 20;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenWarnings = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, long> _warned = new(StringComparer.Ordinal);

    /// <summary>Runs until it is cancelled; throws nothing else.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await LookAsync(cancellationToken);
                await Task.Delay(BetweenLooks, request.Time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Asked for.
        }
    }

    /// <summary>What has to be said of a slot in this state: the kind, and the words.</summary>
    internal static IEnumerable<(string Kind, string Text)> Judge(WalReceiveRequest request, SlotState? state)
    {
        if (state is null)
        {
            yield break;
        }

        if (request.SlotLimit is { } limit && state.HeldBytes > limit)
        {
            yield return ("held", $"slot {request.Slot} makes the server keep {Megabytes(state.HeldBytes)} MB of WAL, more "
                + $"than the limit of {Megabytes(limit)} MB; watch the server's disk");
        }

        if (state.WalStatus is "unreserved" or "lost")
        {
            yield return (state.WalStatus, $"slot {request.Slot} is {state.WalStatus}: WAL that is not archived yet "
                + (state.WalStatus == "lost" ? "is gone from the server" : "may go with the next checkpoint")
                + "; max_slot_wal_keep_size is too small for how long the receiver was behind");
        }
        else if (state.SafeBytes is { } safe && safe < LittleLeft)
        {
            yield return ("safe", $"slot {request.Slot} loses WAL after {Megabytes(Math.Max(0, safe))} MB more "
                + "(max_slot_wal_keep_size)");
        }

        if (request.Synchronous && state.SynchronousCommit == "remote_write")
        {
            yield return ("remote_write", "the server's synchronous_commit is remote_write, which waits for less than "
                + "durability: set it to on");
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await ServerSession.OpenAsync(request.ConnInfo, cancellationToken);
            foreach (var (kind, text) in Judge(request, await SlotState.ReadAsync(
                session, request.Slot, cancellationToken)))
            {
                Warn(kind, text);
            }
        }
        catch (LifeboatException unreachable)
        {
            if (!unreachable.Failure.Transient)
            {
                Warn("session", $"the slot cannot be watched: {unreachable.Failure}");
            }
        }
    }

    private void Warn(string kind, string text)
    {
        if (!_warned.TryGetValue(kind, out var last) || request.Time.GetElapsedTime(last) >= BetweenWarnings)
        {
            _warned[kind] = request.Time.GetTimestamp();
            request.Report(new WalReceiveEvent.Warning(text));
        }
    }

    private static string Megabytes(long bytes) => (bytes / 1_000_000).ToString(CultureInfo.InvariantCulture);
}
