using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Xunit;

namespace Lifeboat.Tests.Postgres;

public sealed class TimelineHistoryTests
{
    private static readonly Timeline Third = new(3);

    private static readonly TimelineHistory OneTwoFive = new(
        new Timeline(5),
        [
            new TimelineHistoryEntry(new Timeline(1), Lsn.Parse("0/3000000"), "no recovery target specified"),
            new TimelineHistoryEntry(new Timeline(2), Lsn.Parse("0/5000100"), "before 2026-01-01 00:00:00+00"),
        ]);

    [Theory]
    [MemberData(nameof(PostgresFixtures.Majors), MemberType = typeof(PostgresFixtures))]
    public void A_real_history_is_read_and_written_byte_for_byte(int major)
    {
        var bytes = PostgresFixtures.Read(major, "00000003.history");
        var history = TimelineHistory.Parse(Third, bytes);
        Assert.Equal([new Timeline(1), new Timeline(2)], history.Entries.Select(entry => entry.Timeline));
        Assert.Equal(bytes, history.Format());
    }

    [Fact]
    public void Comments_blank_lines_and_any_white_space_are_passed_over()
    {
        var history = Parse("# made by hand\n\n  1  0/3000000   why not \r\n\t2\t0/5000100\n   # 9\n");
        Assert.Equal(
            [
                new TimelineHistoryEntry(new Timeline(1), Lsn.Parse("0/3000000"), "why not"),
                new TimelineHistoryEntry(new Timeline(2), Lsn.Parse("0/5000100"), ""),
            ],
            history.Entries);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("# nothing\n")]
    [InlineData("\0\0\0\0")]
    [InlineData("1\n")]
    [InlineData("1\t0/1\tno line break")]
    [InlineData("1\t0\n")]
    [InlineData("x\t0/1\tr\n")]
    [InlineData("0\t0/1\tr\n")]
    [InlineData("-1\t0/1\tr\n")]
    [InlineData("4294967296\t0/1\tr\n")]
    [InlineData("1\t0/1/1\tr\n")]
    [InlineData("1\t000000000000000000000000000000000001/1\tr\n")]
    [InlineData("2\t0/1\tr\n1\t0/2\tr\n")]
    [InlineData("1\t0/1\tr\n1\t0/2\tr\n")]
    [InlineData("1\t0/2\tr\n2\t0/1\tr\n")]
    [InlineData("3\t0/1\tr\n")]
    [InlineData("4\t0/1\tr\n")]
    public void A_history_that_is_empty_out_of_order_or_no_history_is_damaged(string text) =>
        Assert.Equal(ErrorCode.Damaged, Assert.Throws<LifeboatException>(() => Parse(text)).Code);

    [Fact]
    public void Hostile_bytes_give_a_history_or_a_damaged_file() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            try
            {
                return TimelineHistory.Parse(Third, bytes).Entries.Count > 0;
            }
            catch (LifeboatException e)
            {
                return e.Code == ErrorCode.Damaged;
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_real_history_cut_anywhere_gives_whole_entries_or_is_damaged()
    {
        var whole = TimelineHistory.Parse(Third, PostgresFixtures.Read(17, "00000003.history"));
        var bytes = whole.Format();
        for (var length = bytes.Length - 1; length >= 0; length--)
        {
            try
            {
                var cut = TimelineHistory.Parse(Third, bytes.AsSpan(0, length));
                Assert.Equal(whole.Entries.Take(cut.Entries.Count), cut.Entries);
            }
            catch (LifeboatException e)
            {
                Assert.Equal(ErrorCode.Damaged, e.Code);
            }
        }
    }

    [Theory]
    [InlineData("0/0", 1U)]
    [InlineData("0/2FFFFFF", 1U)]
    [InlineData("0/3000000", 2U)]
    [InlineData("0/50000FF", 2U)]
    [InlineData("0/5000100", 5U)]
    [InlineData("FFFFFFFF/FFFFFFFF", 5U)]
    public void The_byte_at_a_switch_point_is_the_new_timelines(string lsn, uint timeline) =>
        Assert.Equal(new Timeline(timeline), OneTwoFive.TimelineOf(Lsn.Parse(lsn)));

    [Theory]
    [InlineData(1U, "0/0", true)]
    [InlineData(1U, "0/3000000", true)]
    [InlineData(1U, "0/3000001", false)]
    [InlineData(2U, "0/2FFFFFF", false)]
    [InlineData(2U, "0/3000000", true)]
    [InlineData(2U, "0/5000100", true)]
    [InlineData(2U, "0/5000101", false)]
    [InlineData(3U, "0/4000000", false)]
    [InlineData(5U, "0/50000FF", false)]
    [InlineData(5U, "0/5000100", true)]
    [InlineData(6U, "0/6000000", false)]
    public void A_state_is_in_the_history_when_the_history_went_through_it(uint timeline, string end, bool expected) =>
        Assert.Equal(expected, OneTwoFive.Contains(new Timeline(timeline), Lsn.Parse(end)));

    [Fact]
    public void Where_a_timeline_was_left_is_where_the_next_one_was_come_to()
    {
        Assert.Equal(Lsn.Parse("0/3000000"), OneTwoFive.SwitchedFrom(new Timeline(1)));
        Assert.Equal(Lsn.Parse("0/3000000"), OneTwoFive.SwitchedTo(new Timeline(2)));
        Assert.Equal(Lsn.Zero, OneTwoFive.SwitchedTo(new Timeline(1)));
        Assert.Null(OneTwoFive.SwitchedFrom(new Timeline(5)));
        Assert.Null(OneTwoFive.SwitchedFrom(new Timeline(4)));
        Assert.Null(OneTwoFive.SwitchedTo(new Timeline(4)));
    }

    [Fact]
    public void Ranges_of_WAL_run_backwards_over_the_switch_points()
    {
        var (start, end) = (Lsn.Parse("0/2000028"), Lsn.Parse("0/6000100"));
        Assert.Equal(
            [
                new WalRange(new Timeline(5), Lsn.Parse("0/5000100"), end),
                new WalRange(new Timeline(2), Lsn.Parse("0/3000000"), Lsn.Parse("0/5000100")),
                new WalRange(new Timeline(1), start, Lsn.Parse("0/3000000")),
            ],
            OneTwoFive.WalRanges(new Timeline(1), start, end));
        Assert.Equal(
            [new WalRange(new Timeline(5), Lsn.Parse("0/5000200"), end)],
            OneTwoFive.WalRanges(new Timeline(5), Lsn.Parse("0/5000200"), end));
        Assert.Throws<ArgumentException>(() => OneTwoFive.WalRanges(new Timeline(4), start, end));
        Assert.Throws<ArgumentException>(() => OneTwoFive.WalRanges(new Timeline(1), end, end));
        Assert.Throws<ArgumentException>(() => OneTwoFive.WalRanges(new Timeline(1), start, Lsn.Parse("0/4000000")));
    }

    [Theory]
    [InlineData("00000002.history", 2U)]
    [InlineData("0000000A.history", 10U)]
    public void A_history_file_is_named_in_hexadecimal(string name, uint timeline)
    {
        Assert.True(TimelineHistory.TryParseFileName(name, out var parsed));
        Assert.Equal(new Timeline(timeline), parsed);
        Assert.Equal(name, TimelineHistory.FileName(parsed));
    }

    [Theory]
    [InlineData("00000000.history")]
    [InlineData("0000000a.history")]
    [InlineData("00000002.history.tmp")]
    [InlineData(".history")]
    [InlineData("00000002")]
    public void Other_names_are_no_history_files(string name) =>
        Assert.False(TimelineHistory.TryParseFileName(name, out _));

    private static TimelineHistory Parse(string text) => TimelineHistory.Parse(Third, Encoding.UTF8.GetBytes(text));
}
