using System.Buffers.Binary;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Xunit;

namespace Lifeboat.Tests.Postgres;

public sealed class ControlFileTests
{
    private static readonly Dictionary<string, DBState> States = new(StringComparer.Ordinal)
    {
        ["starting up"] = DBState.Startup,
        ["shut down"] = DBState.ShutDown,
        ["shut down in recovery"] = DBState.ShutDownInRecovery,
        ["in archive recovery"] = DBState.InArchiveRecovery,
        ["in production"] = DBState.InProduction,
    };

    public static TheoryData<int> Majors => PostgresFixtures.Majors;

    public static TheoryData<int, string> Files =>
        new(from int major in new[] { 13, 15, 17, 18 }
            from name in new[] { "pg_control.running", "pg_control.standby", "pg_control.stopped" }
            select (major, name));

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_field_is_what_pg_controldata_says(int major, string name)
    {
        var control = ControlFileReading.Of(PostgresFixtures.Read(major, name)).Require(name);
        var said = PostgresFixtures.ControlData(major, $"{name}.txt");

        Assert.Equal(major, control.Major);
        Assert.Equal(said["pg_control version number"], control.PgControlVersion.ToString());
        Assert.Equal(said["Catalog version number"], control.CatalogVersion.ToString());
        Assert.Equal(said["Database system identifier"], control.SystemIdentifier.ToString());
        Assert.Equal(States[said["Database cluster state"]], control.State);
        Assert.Equal(Time(said["pg_control last modified"]), control.Time);
        Assert.Equal(said["Latest checkpoint location"], control.CheckPoint.ToString());
        Assert.Equal(said["Fake LSN counter for unlogged rels"], control.UnloggedLsn.ToString());
        Assert.Equal(said["Minimum recovery ending location"], control.MinRecoveryPoint.ToString());
        Assert.Equal(
            said["Min recovery ending loc's timeline"], (control.MinRecoveryPointTimeline?.Value ?? 0).ToString());
        Assert.Equal(said["Backup start location"], control.BackupStartPoint.ToString());
        Assert.Equal(said["Backup end location"], control.BackupEndPoint.ToString());
        Assert.Equal(said["End-of-backup record required"], control.BackupEndRequired ? "yes" : "no");
        Assert.Equal(said["wal_level setting"], control.WalLevel.ToString().ToLowerInvariant());
        Assert.Equal(said["wal_log_hints setting"], OnOff(control.WalLogHints));
        Assert.Equal(said["max_connections setting"], control.MaxConnections.ToString());
        Assert.Equal(said["max_worker_processes setting"], control.MaxWorkerProcesses.ToString());
        Assert.Equal(said["max_wal_senders setting"], control.MaxWalSenders.ToString());
        Assert.Equal(said["max_prepared_xacts setting"], control.MaxPreparedTransactions.ToString());
        Assert.Equal(said["max_locks_per_xact setting"], control.MaxLocksPerTransaction.ToString());
        Assert.Equal(said["track_commit_timestamp setting"], OnOff(control.TrackCommitTimestamp));
        Assert.Equal(said["Database block size"], control.BlockSize.ToString());
        Assert.Equal(said["Blocks per segment of large relation"], control.RelSegSize.ToString());
        Assert.Equal(said["WAL block size"], control.WalBlockSize.ToString());
        Assert.Equal(said["Bytes per WAL segment"], control.WalSegmentSize.Bytes.ToString());
        Assert.Equal(said["Data page checksum version"], control.DataChecksumVersion.ToString());
        Assert.Equal(
            said.GetValueOrDefault("Default char data signedness"),
            control.DefaultCharSignedness is { } signed ? signed ? "signed" : "unsigned" : null);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_checkpoint_is_what_pg_controldata_says(int major, string name)
    {
        var control = ControlFileReading.Of(PostgresFixtures.Read(major, name)).Require(name);
        var said = PostgresFixtures.ControlData(major, $"{name}.txt");
        var checkPoint = control.CheckPointCopy;

        Assert.Equal(said["Latest checkpoint's REDO location"], checkPoint.Redo.ToString());
        Assert.Equal(
            said["Latest checkpoint's REDO WAL file"],
            WalSegmentName.Of(checkPoint.Timeline, checkPoint.Redo, control.WalSegmentSize).ToString());
        Assert.Equal(said["Latest checkpoint's TimeLineID"], checkPoint.Timeline.ToString());
        Assert.Equal(said["Latest checkpoint's PrevTimeLineID"], checkPoint.PrevTimeline.ToString());
        Assert.Equal(said["Latest checkpoint's full_page_writes"], OnOff(checkPoint.FullPageWrites));
        Assert.Equal(
            said["Latest checkpoint's NextXID"], $"{checkPoint.NextXid >> 32}:{(uint)checkPoint.NextXid}");
        Assert.Equal(said["Latest checkpoint's NextOID"], checkPoint.NextOid.ToString());
        Assert.Equal(said["Latest checkpoint's NextMultiXactId"], checkPoint.NextMulti.ToString());
        Assert.Equal(said["Latest checkpoint's NextMultiOffset"], checkPoint.NextMultiOffset.ToString());
        Assert.Equal(said["Latest checkpoint's oldestXID"], checkPoint.OldestXid.ToString());
        Assert.Equal(said["Latest checkpoint's oldestActiveXID"], checkPoint.OldestActiveXid.ToString());
        Assert.Equal(said["Latest checkpoint's oldestMultiXid"], checkPoint.OldestMulti.ToString());
        Assert.Equal(Time(said["Time of latest checkpoint"]), checkPoint.Time);
        Assert.Equal(major >= 17 ? WalLevel.Logical : null, checkPoint.WalLevel);
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public void A_standby_says_how_far_it_must_replay(int major)
    {
        var control = ControlFileReading.Of(PostgresFixtures.Read(major, "pg_control.standby")).Require("");
        Assert.Equal(DBState.InArchiveRecovery, control.State);
        Assert.NotEqual(Lsn.Zero, control.MinRecoveryPoint);
        Assert.NotNull(control.MinRecoveryPointTimeline);
        Assert.False(control.IsShutDown);
    }

    [Theory]
    [InlineData(13, 202007201U)]
    [InlineData(14, 202107181U)]
    [InlineData(15, 202209061U)]
    [InlineData(16, 202307071U)]
    [InlineData(17, 202406281U)]
    [InlineData(18, 202506291U)]
    public void A_catalog_version_is_that_of_one_major(int major, uint catalogVersion)
    {
        Assert.True(CatalogVersion.TryGetMajor(catalogVersion, out var found));
        Assert.Equal(major, found);
        Assert.Equal(catalogVersion, CatalogVersion.OfMajor(major));
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public void A_file_that_is_cut_is_too_short_until_its_CRC_is_whole(int major)
    {
        var bytes = PostgresFixtures.Read(major, "pg_control.running");
        var needed = major == 18 ? 296 : 292;
        for (var length = 0; length < bytes.Length; length++)
        {
            var expected = length < needed ? ControlFileFault.TooShort : ControlFileFault.None;
            Assert.Equal(expected, ControlFileReading.Of(bytes.AsSpan(0, length)).Fault);
        }
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public void Any_flipped_bit_is_found(int major)
    {
        var bytes = PostgresFixtures.Read(major, "pg_control.running");
        var covered = major == 18 ? 296 : 292;
        for (var at = 0; at < covered; at++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                bytes[at] ^= (byte)(1 << bit);
                var expected = at is >= 8 and < 12
                    ? ControlFileFault.UnknownControlVersion
                    : ControlFileFault.ChecksumMismatch;
                Assert.Equal(expected, ControlFileReading.Of(bytes).Fault);
                bytes[at] ^= (byte)(1 << bit);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Majors))]
    public void A_torn_read_is_a_checksum_mismatch_that_may_go_away(int major)
    {
        var bytes = PostgresFixtures.Read(major, "pg_control.running");
        PostgresFixtures.Read(major, "pg_control.stopped").AsSpan(0, 64).CopyTo(bytes);
        var reading = ControlFileReading.Of(bytes);
        Assert.Equal(ControlFileFault.ChecksumMismatch, reading.Fault);
        var failure = Assert.Throws<LifeboatException>(() => reading.Require("global/pg_control")).Failure;
        Assert.Equal((ErrorCode.Damaged, true), (failure.Code, failure.Transient));
    }

    [Fact]
    public void The_other_byte_order_is_told_from_an_unknown_version()
    {
        var bytes = PostgresFixtures.Read(15, "pg_control.running");
        bytes.AsSpan(8, 4).Reverse();
        var reading = ControlFileReading.Of(bytes);
        Assert.Equal(ControlFileFault.ForeignByteOrder, reading.Fault);
        Assert.Equal(ErrorCode.Mismatch, Assert.Throws<LifeboatException>(() => reading.Require("x")).Code);
    }

    [Theory]
    [InlineData(1201U)]
    [InlineData(1900U)]
    [InlineData(0U)]
    public void Another_control_version_is_refused_by_name(uint version)
    {
        var bytes = PostgresFixtures.Read(13, "pg_control.running");
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), version);
        var reading = ControlFileReading.Of(bytes);
        Assert.Equal(ControlFileFault.UnknownControlVersion, reading.Fault);
        var failure = Assert.Throws<LifeboatException>(() => reading.Require("x")).Failure;
        Assert.Equal(ErrorCode.UnknownFormat, failure.Code);
        Assert.Contains(version.ToString(CultureInfo.InvariantCulture), failure.Cause, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(202506290U)]
    [InlineData(202406281U)]
    public void A_catalog_version_that_does_not_go_with_the_control_version_is_refused(uint catalogVersion)
    {
        var bytes = Resealed(18, span => BinaryPrimitives.WriteUInt32LittleEndian(span[12..], catalogVersion));
        var reading = ControlFileReading.Of(bytes);
        Assert.Equal(ControlFileFault.UnknownCatalogVersion, reading.Fault);
        Assert.Equal(catalogVersion, reading.CatalogVersion);
    }

    [Theory]
    [InlineData(16, 7U)]
    [InlineData(28, 0x80000000U)]
    [InlineData(48, 0U)]
    [InlineData(60, 3U)]
    [InlineData(172, 3U)]
    [InlineData(204, 4U)]
    [InlineData(216, 8191U)]
    [InlineData(220, 0U)]
    [InlineData(224, 0U)]
    [InlineData(228, 0x80000000U)]
    public void A_field_that_PostgreSQL_never_writes_so_is_implausible_even_with_a_good_CRC(int offset, uint value)
    {
        var bytes = Resealed(17, span => BinaryPrimitives.WriteUInt32LittleEndian(span[offset..], value));
        Assert.Equal(ControlFileFault.Implausible, ControlFileReading.Of(bytes).Fault);
    }

    [Fact]
    public void Any_bytes_with_a_good_CRC_give_a_control_file_or_a_fault() =>
        Prop.ForAll<byte[], int>((noise, start) =>
        {
            var bytes = Resealed(17, span =>
            {
                var at = 16 + (int)((uint)start % 240);
                noise.AsSpan(0, Math.Min(noise.Length, 256 - at)).CopyTo(span[at..]);
            });
            var reading = ControlFileReading.Of(bytes);
            return (reading.Fault == ControlFileFault.None) == (reading.Control is not null);
        }).QuickCheckThrowOnFailure();

    private static byte[] Resealed(int major, SpanAction change)
    {
        var bytes = PostgresFixtures.Read(major, "pg_control.running");
        change(bytes);
        var crc = major == 18 ? 292 : 288;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(crc), Crc32C.Compute(bytes.AsSpan(0, crc)));
        return bytes;
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.ParseExact(
        text, ["ddd MMM dd HH:mm:ss yyyy", "ddd MMM  d HH:mm:ss yyyy"], CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal);

    private static string OnOff(bool value) => value ? "on" : "off";

    private delegate void SpanAction(Span<byte> span);
}
