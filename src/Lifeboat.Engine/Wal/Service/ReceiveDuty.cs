using Lifeboat.Engine.Wal.Receive;

namespace Lifeboat.Engine.Wal.Service;

/// <summary>
/// <c>lifeboat wal receive</c> within a service: what is being written is in the repository before its segment is full, and
/// whole segments are found archived when the archiver asks for them.
/// </summary>
public sealed class ReceiveDuty : IServiceDuty
{
    private readonly WalReceiveRequest _request;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _health = new(StringComparer.Ordinal) { ["state"] = "connecting" };

    /// <param name="request">For the session's cluster and data directory; what it reports is passed on.</param>
    public ReceiveDuty(WalReceiveRequest request)
    {
        _time = request.Time;
        _request = request with
        {
            Report = happened =>
            {
                Note(happened);
                request.Report(happened);
            },
        };
    }

    public string Name => "receive";

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await WalReceiver.RunAsync(_request, stop);
        }
        catch (Exception failure)
        {
            Note("state", "failing", "lastError", failure.Message);
            throw;
        }
    }

    public IReadOnlyDictionary<string, string> Health()
    {
        lock (_lock)
        {
            return new Dictionary<string, string>(_health, StringComparer.Ordinal) { ["slot"] = _request.Slot.ToString() };
        }
    }

    private void Note(WalReceiveEvent happened)
    {
        switch (happened)
        {
            case WalReceiveEvent.Streaming streaming:
                Note(
                    "state", "streaming", "timeline", streaming.Timeline.ToString(), "from", streaming.From.ToString());
                break;
            case WalReceiveEvent.SegmentStored stored:
                Note("lastSegment", stored.Segment.ToString());
                break;
            case WalReceiveEvent.Interrupted interrupted:
                Note("state", "waiting", "lastError", interrupted.Failure.ToString());
                break;
            case WalReceiveEvent.Warning warning:
                Note("lastWarning", warning.Text);
                break;
            case WalReceiveEvent.Stopped stopped:
                Note("state", "stopped", "durable", stopped.Durable.ToString());
                break;
            default:
                break;
        }
    }

    private void Note(params ReadOnlySpan<string> pairs)
    {
        lock (_lock)
        {
            for (var at = 0; at < pairs.Length; at += 2)
            {
                _health[pairs[at]] = pairs[at + 1];
            }

            _health["at"] = _time.GetUtcNow().ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
