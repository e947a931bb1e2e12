using Lifeboat.Engine.Activity;

namespace Lifeboat.Cli.Output;

/// <summary>
/// Shows a long operation on stderr: one line that is rewritten on a terminal, a plain line now and then elsewhere.
/// </summary>
/// <remarks>
/// With <c>--output json</c> and no terminal, only warnings are written, so that a program finds at most those before
/// the one line of an error.
/// </remarks>
internal sealed class ActivityDisplay : IActivity, IDisposable
{
    private const string EraseLine = "\r\x1b[K";

    private static readonly TimeSpan BetweenRedraws = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Terminal _terminal;
    private readonly TimeProvider _time;
    private readonly bool _words;
    private ProgressRate? _rate;
    private long _shownAt;
    private bool _lineIsOpen;

    public ActivityDisplay(Terminal terminal, TimeProvider time, bool quiet, bool json)
    {
        _terminal = terminal;
        _time = time;
        _words = !quiet && (terminal.ErrorIsTerminal || !json);
    }

    public void Say(string line)
    {
        if (_words)
        {
            Write(line);
        }
    }

    public void Warn(string line) => Write($"lifeboat: warning: {line}");

    public void Progress(string phase, long done, long total) =>
        Show(phase, done, rate => rate.Describe(done, total));

    /// <summary>As <see cref="Progress"/>, of something that is counted; its bytes give the rate.</summary>
    public void Count(string phase, long done, long total, long bytes) =>
        Show(phase, bytes, rate => rate.DescribeCount(done, total, bytes));

    private void Show(string phase, long bytes, Func<ProgressRate, string> describe)
    {
        if (!_words)
        {
            return;
        }

        lock (_lock)
        {
            var now = _time.GetTimestamp();
            if (_rate?.Phase != phase)
            {
                CloseLine();
                _rate = new ProgressRate(phase, _time, bytes);
                _shownAt = now;
                return;
            }

            _rate.Advance(bytes);
            if (_time.GetElapsedTime(_shownAt, now) < (_terminal.ErrorIsTerminal ? BetweenRedraws : BetweenLines))
            {
                return;
            }

            _shownAt = now;
            if (_terminal.ErrorIsTerminal)
            {
                _terminal.Error.Write(EraseLine + describe(_rate));
                _lineIsOpen = true;
            }
            else
            {
                _terminal.Error.WriteLine(describe(_rate));
            }
        }
    }

    /// <summary>Leaves the cursor at the beginning of a line of its own.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            CloseLine();
        }
    }

    private void Write(string line)
    {
        lock (_lock)
        {
            CloseLine();
            _terminal.Error.WriteLine(line);
        }
    }

    private void CloseLine()
    {
        if (_lineIsOpen)
        {
            _terminal.Error.Write(EraseLine);
            _lineIsOpen = false;
        }
    }
}
