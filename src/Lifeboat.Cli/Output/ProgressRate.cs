using System.Globalization;

namespace Lifeboat.Cli.Output;

/// <summary>How fast a phase goes, over the last seconds rather than since its beginning: rates change.</summary>
internal sealed class ProgressRate
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly Queue<(long Timestamp, long Done)> _samples = [];

    public ProgressRate(string phase, TimeProvider time, long done)
    {
        Phase = phase;
        _time = time;
        _samples.Enqueue((time.GetTimestamp(), done));
    }

    public string Phase { get; }

    public void Advance(long done)
    {
        var now = _time.GetTimestamp();
        var last = _samples.Last();
        if (_time.GetElapsedTime(last.Timestamp, now) >= Window / 20)
        {
            _samples.Enqueue((now, done));
        }

        while (_samples.Count > 2 && _time.GetElapsedTime(_samples.Peek().Timestamp, now) > Window)
        {
            _samples.Dequeue();
        }
    }

    /// <summary><c>copy: 42 %, 1.3 GiB of 3.1 GiB, 210.0 MiB/s, 9 s left</c>.</summary>
    public string Describe(long done, long total)
    {
        var rate = Rate(done);
        if (total <= 0)
        {
            return $"{Phase}: {Quantities.Bytes(done)}, {Quantities.Bytes(rate)}/s";
        }

        var share = (int)Math.Min(100, done * 100.0 / total);
        var left = rate > 0 && done < total
            ? $", {Quantities.Duration(TimeSpan.FromSeconds(Math.Min((total - done) / rate, 1e8)))} left"
            : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Phase}: {share} %, {Quantities.Bytes(done)} of {Quantities.Bytes(total)}, {Quantities.Bytes(rate)}/s{left}");
    }

    /// <summary><c>read packs: 42 %, 17 of 40, 210.0 MiB/s</c>.</summary>
    public string DescribeCount(long done, long total, long bytes)
    {
        var rate = bytes > 0 ? $", {Quantities.Bytes(Rate(bytes))}/s" : "";
        return total <= 0
            ? string.Create(CultureInfo.InvariantCulture, $"{Phase}: {done}{rate}")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{Phase}: {(int)Math.Min(100, done * 100.0 / total)} %, {done} of {total}{rate}");
    }

    private double Rate(long done)
    {
        var (since, before) = _samples.Peek();
        var seconds = _time.GetElapsedTime(since).TotalSeconds;
        return seconds > 0 ? (done - before) / seconds : 0;
    }
}
