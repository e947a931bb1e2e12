using Lifeboat.Cli.Output;
using Xunit;

namespace Lifeboat.Tests.Cli;

public sealed class ActivityDisplayTests
{
    private const long MiB = 1 << 20;

    [Fact]
    public void Without_a_terminal_progress_is_a_plain_line_now_and_then()
    {
        var time = new SteppedTime();
        var text = Show(terminal: false, json: false, quiet: false, time, display =>
        {
            for (var second = 0; second <= 25; second++, time.Step(TimeSpan.FromSeconds(1)))
            {
                display.Progress("copy", second * MiB, 100 * MiB);
            }
        });
        Assert.Equal(
            ["copy: 10 %, 10.0 MiB of 100.0 MiB, 1.0 MiB/s, 1 min 30 s left",
             "copy: 20 %, 20.0 MiB of 100.0 MiB, 1.0 MiB/s, 1 min 20 s left"],
            text.TrimEnd().Split('\n'));
    }

    [Fact]
    public void On_a_terminal_one_line_is_rewritten_and_removed_before_anything_else_is_said()
    {
        var time = new SteppedTime();
        var text = Show(terminal: true, json: false, quiet: false, time, display =>
        {
            display.Progress("copy", 0, 0);
            time.Step(TimeSpan.FromSeconds(1));
            display.Progress("copy", MiB, 0);
            display.Say("next");
        });
        Assert.Equal("\r\x1b[Kcopy: 1.0 MiB, 1.0 MiB/s\r\x1b[Knext\n", text);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Quiet_and_a_program_that_reads_get_warnings_only(bool quiet, bool json)
    {
        var time = new SteppedTime();
        var text = Show(terminal: false, json, quiet, time, display =>
        {
            display.Say("words");
            display.Progress("copy", 0, 1);
            time.Step(TimeSpan.FromMinutes(1));
            display.Progress("copy", 1, 1);
            display.Warn("look at this");
        });
        Assert.Equal("lifeboat: warning: look at this\n", text);
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(5L << 40, "5.0 TiB")]
    public void Sizes_are_in_powers_of_1024(long bytes, string text) => Assert.Equal(text, Quantities.Bytes(bytes));

    private static string Show(bool terminal, bool json, bool quiet, TimeProvider time, Action<ActivityDisplay> act)
    {
        using var error = new StringWriter();
        using (var display = new ActivityDisplay(
            new Terminal(TextWriter.Null, error, terminal, terminal), time, quiet, json))
        {
            act(display);
        }

        return error.ToString();
    }

    private sealed class SteppedTime : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Step(TimeSpan time) => _ticks += time.Ticks;
    }
}
