using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Xunit;

namespace Lifeboat.Tests.Postgres;

public sealed class BackupLabelTests
{
    private static readonly BackupLabel Sample = new(
        Lsn.Parse("2A/1000028"), "0000000A0000002A00000001", Lsn.Parse("2A/1000060"), "streamed", "standby",
        "2026-11-20 15:17:22 CET", "nightly", new Timeline(10));

    [Theory]
    [MemberData(nameof(PostgresFixtures.Majors), MemberType = typeof(PostgresFixtures))]
    public void A_real_label_is_read_and_written_byte_for_byte(int major)
    {
        var bytes = PostgresFixtures.Read(major, "backup_label");
        var label = BackupLabel.Parse(bytes);
        Assert.Equal("fixture \"full\"", label.Label);
        Assert.Equal(Timeline.First, label.StartTimeline);
        Assert.Equal(
            WalSegmentName.Of(label.StartTimeline, label.StartWalLocation, new WalSegmentSize(4 << 20)).ToString(),
            label.StartWalFile);
        Assert.True(label.CheckpointLocation > label.StartWalLocation);
        Assert.False(label.IsFromStandby);
        Assert.Null(label.IncrementalFromLsn);
        Assert.Equal(bytes, label.Format());
    }

    [Theory]
    [MemberData(nameof(PostgresFixtures.MajorsWithIncrementals), MemberType = typeof(PostgresFixtures))]
    public void An_incremental_backup_of_PostgreSQL_says_from_where(int major)
    {
        var full = BackupLabel.Parse(PostgresFixtures.Read(major, "backup_label"));
        var bytes = PostgresFixtures.Read(major, "incremental/backup_label");
        var label = BackupLabel.Parse(bytes);
        Assert.Equal(full.StartWalLocation, label.IncrementalFromLsn);
        Assert.Equal(full.StartTimeline, label.IncrementalFromTimeline);
        Assert.Equal(bytes, label.Format());
    }

    [Fact]
    public void Any_label_that_a_user_can_give_comes_back() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<NonNull<string>>().Filter(s => !s.Get.Contains('\0') && !s.Get.Any(char.IsSurrogate)),
            text =>
            {
                var label = Sample with { Label = text.Get };
                return BackupLabel.Parse(label.Format()) == label;
            }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("two\nlines")]
    [InlineData("START TIMELINE: 7")]
    [InlineData("x\nSTART TIMELINE: 7\ny")]
    [InlineData("")]
    [InlineData("raw \uDCFF byte")]
    public void A_label_with_line_breaks_or_bytes_that_are_no_text_comes_back(string text)
    {
        var incremental = Sample with { IncrementalFromLsn = Lsn.Parse("1/2"), IncrementalFromTimeline = new(9) };
        var label = incremental with { Label = text };
        Assert.Equal(label, BackupLabel.Parse(label.Format()));
    }

    [Fact]
    public void A_label_cut_anywhere_is_damaged()
    {
        var bytes = Sample.Format();
        for (var length = 0; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            Assert.Equal(ErrorCode.Damaged, Assert.Throws<LifeboatException>(() => BackupLabel.Parse(cut)).Code);
        }
    }

    [Theory]
    [InlineData("START TIMELINE: 10", "START TIMELINE: 11")]
    [InlineData("START TIMELINE: 10", "START TIMELINE: 0")]
    [InlineData("START TIMELINE: 10", "START TIMELINE: A")]
    [InlineData("0000000A0000002A00000001", "0000000A0000002A0000000")]
    [InlineData("0000000A0000002A00000001", "0000000a0000002a00000001")]
    [InlineData("2A/1000028", "2A1000028")]
    [InlineData("2A/1000060", "")]
    [InlineData("BACKUP METHOD: streamed\n", "")]
    [InlineData("nightly", "night\0ly")]
    [InlineData("START TIMELINE: 10\n", "START TIMELINE: 10\nmore\n")]
    [InlineData("START TIMELINE: 10\n", "START TIMELINE: 10\nINCREMENTAL FROM LSN: 0/1\n")]
    public void A_line_that_makes_no_sense_is_damage(string from, string to)
    {
        var text = Encoding.UTF8.GetString(Sample.Format());
        Assert.Contains(from, text, StringComparison.Ordinal);
        var bytes = Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
        Assert.Equal(ErrorCode.Damaged, Assert.Throws<LifeboatException>(() => BackupLabel.Parse(bytes)).Code);
    }

    [Fact]
    public void Hostile_bytes_behind_a_good_start_give_a_label_or_a_damaged_file() =>
        Prop.ForAll<byte[], int>((noise, start) =>
        {
            var bytes = Sample.Format();
            var at = (int)((uint)start % bytes.Length);
            noise.AsSpan(0, Math.Min(noise.Length, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
            try
            {
                var label = BackupLabel.Parse(bytes);
                return BackupLabel.Parse(label.Format()) == label;
            }
            catch (LifeboatException e)
            {
                return e.Code == ErrorCode.Damaged;
            }
        }).QuickCheckThrowOnFailure();
}
