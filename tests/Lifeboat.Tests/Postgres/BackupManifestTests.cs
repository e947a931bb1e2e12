using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Manifest;
using Xunit;

namespace Lifeboat.Tests.Postgres;

public sealed class BackupManifestTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 20, 15, 17, 22, TimeSpan.Zero);

    [Theory]
    [MemberData(nameof(PostgresFixtures.Majors), MemberType = typeof(PostgresFixtures))]
    public void A_real_manifest_is_read_and_written_byte_for_byte(int major)
    {
        var bytes = PostgresFixtures.Read(major, "backup_manifest");
        var manifest = BackupManifest.Parse(bytes);
        Assert.Equal(BackupManifest.VersionOfMajor(major), manifest.Version);
        Assert.Equal(bytes, Write(manifest));
    }

    [Theory]
    [MemberData(nameof(PostgresFixtures.Majors), MemberType = typeof(PostgresFixtures))]
    public void A_real_manifest_says_what_was_in_the_directory(int major)
    {
        var manifest = BackupManifest.Parse(PostgresFixtures.Read(major, "backup_manifest"));
        var control = ControlFileReading.Of(PostgresFixtures.Read(major, "pg_control.stopped")).Require("");
        var label = BackupLabel.Parse(PostgresFixtures.Read(major, "backup_label"));
        Assert.Equal(major >= 17 ? control.SystemIdentifier : null, manifest.SystemIdentifier);
        var range = Assert.Single(manifest.WalRanges);
        Assert.Equal((label.StartTimeline, label.StartWalLocation), (range.Timeline, range.Start));

        AssertContent(manifest, "PG_VERSION", $"{major}\n");
        AssertContent(manifest, "with \"quote\" and \\", "quoted\n");
        AssertContent(manifest, "raw\uDCFF\uDCFE", "raw\n");
        AssertContent(manifest, "tab\t\u0001", "control\n");
        AssertContent(manifest, "backup_label", PostgresFixtures.ReadText(major, "backup_label"));
    }

    [Theory]
    [MemberData(nameof(PostgresFixtures.Majors), MemberType = typeof(PostgresFixtures))]
    public void A_real_manifest_that_comes_in_pieces_tells_the_same_files_and_no_byte_of_it_may_differ(int major)
    {
        var bytes = PostgresFixtures.Read(major, "backup_manifest");
        var whole = BackupManifest.Parse(bytes);
        var random = Testing.Sample.Numbers($"manifest {major}");
        var files = new List<ManifestFile>();
        using var lines = new BackupManifestLines(files.Add);
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(random.Next(1, 300), bytes.Length - at);
            lines.Append(bytes.AsSpan(at, length));
            at += length;
        }

        var rest = lines.Complete();
        Assert.Equal(whole.Files, files);
        Assert.Equal((whole.Version, whole.SystemIdentifier), (rest.Version, rest.SystemIdentifier));
        Assert.Equal(whole.WalRanges, rest.WalRanges);
        for (var turn = 0; turn < 200; turn++)
        {
            byte[] spoiled = [.. bytes];
            spoiled[random.Next(spoiled.Length)] ^= (byte)(1 << random.Next(8));
            using var others = new BackupManifestLines(static _ => { });
            Assert.Throws<LifeboatException>(() =>
            {
                others.Append(spoiled);
                return others.Complete();
            });
        }
    }

    [Fact]
    public void Any_file_and_any_path_come_back() =>
        Prop.ForAll(
            Gen.Elements(
                'a', '/', '\\', '"', '\n', '\b', '\f', '\u001F', '\u007F', ' ', '\uDC80', '\uDCFF', 'é', '\u2028')
                .NonEmptyListOf().Select(characters => "x" + string.Concat(characters).Trim('/'))
                .Where(path => !path.Contains("//")).ToArbitrary(),
            ArbMap.Default.ArbFor<NonNegativeInt>(),
            (path, size) =>
            {
                var file = ManifestFile.WithCrc32C(path, size.Get, Time, (uint)size.Get * 0x9E3779B9);
                var bare = ManifestFile.WithoutChecksum("bare", size.Get, Time);
                var manifest = new BackupManifest(2, ulong.MaxValue, [file, bare], SomeWal);
                var read = BackupManifest.Parse(Write(manifest));
                return read.Files.SequenceEqual(manifest.Files) && read.SystemIdentifier == ulong.MaxValue
                    && read.WalRanges.SequenceEqual(SomeWal);
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_manifest_without_files_and_with_several_timelines_has_the_servers_form()
    {
        WalRange[] ranges =
        [
            new(new Timeline(10), Lsn.Parse("0/3000000"), Lsn.Parse("0/4000000")),
            new(new Timeline(9), Lsn.Parse("0/2000028"), Lsn.Parse("0/3000000")),
        ];
        var bytes = Write(new BackupManifest(1, SystemIdentifier: null, [], ranges));
        var head = """
            { "PostgreSQL-Backup-Manifest-Version": 1,
            "Files": [
            ],
            "WAL-Ranges": [
            { "Timeline": 10, "Start-LSN": "0/3000000", "End-LSN": "0/4000000" },
            { "Timeline": 9, "Start-LSN": "0/2000028", "End-LSN": "0/3000000" }
            ],

            """;
        Assert.Equal(Sealed(head), Encoding.UTF8.GetString(bytes));
        Assert.Equal(ranges, BackupManifest.Parse(bytes).WalRanges);
    }

    [Fact]
    public void A_time_is_written_in_GMT_and_in_whole_seconds()
    {
        var file = ManifestFile.WithoutChecksum("f", 0, Time.AddMilliseconds(999).ToOffset(TimeSpan.FromHours(2)));
        var text = Encoding.UTF8.GetString(Write(new BackupManifest(1, null, [file], SomeWal)));
        Assert.Contains("\"Last-Modified\": \"2026-11-20 15:17:22 GMT\" }", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresFixtures.Majors), MemberType = typeof(PostgresFixtures))]
    public void A_manifest_cut_or_changed_anywhere_is_damaged(int major)
    {
        var bytes = PostgresFixtures.Read(major, "backup_manifest");
        var random = new Random(major);
        for (var round = 0; round < 200; round++)
        {
            var at = round < 20 ? bytes.Length - 1 - (round * 5) : random.Next(bytes.Length);
            AssertDamaged(bytes[..at]);
            bytes[at] ^= 1;
            AssertDamaged([.. bytes]);
            bytes[at] ^= 1;
        }

        AssertDamaged([.. bytes, (byte)'\n']);
        AssertDamaged([.. bytes, .. bytes]);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../etc/passwd")]
    [InlineData("base/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("base/./1")]
    [InlineData("base//1")]
    [InlineData("base/")]
    [InlineData("a\\u0000b")]
    [InlineData("\\ud800")]
    public void A_path_that_leaves_the_directory_is_refused_under_a_good_checksum(string path) =>
        AssertDamaged(Encoding.UTF8.GetBytes(Sealed(WithFile($"\"Path\": \"{path}\", {Rest}"))));

    [Theory]
    [InlineData("\"Encoded-Path\": \"2e2e2f78\", " + Rest)]
    [InlineData("\"Encoded-Path\": \"612f00\", " + Rest)]
    [InlineData("\"Encoded-Path\": \"6\", " + Rest)]
    [InlineData("\"Encoded-Path\": \"zz\", " + Rest)]
    [InlineData("\"Path\": \"a\", \"Encoded-Path\": \"61\", " + Rest)]
    [InlineData("\"Path\": 1, " + Rest)]
    [InlineData("\"Path\": \"a\", \"Size\": -1, \"Last-Modified\": \"2026-11-20 15:17:22 GMT\"")]
    [InlineData("\"Path\": \"a\", \"Size\": 1.5, \"Last-Modified\": \"2026-11-20 15:17:22 GMT\"")]
    [InlineData("\"Path\": \"a\", \"Size\": 99999999999999999999, \"Last-Modified\": \"2026-11-20 15:17:22 GMT\"")]
    [InlineData("\"Path\": \"a\", \"Size\": 1, \"Last-Modified\": \"2026-11-20 15:17:22\"")]
    [InlineData("\"Path\": \"a\", \"Size\": 1, \"Last-Modified\": \"2026-02-30 15:17:22 GMT\"")]
    [InlineData("\"Path\": \"a\", \"Size\": 1")]
    [InlineData("\"Path\": \"a\", " + Rest + ", \"Size\": 2")]
    [InlineData("\"Path\": \"a\", " + Rest + ", \"Checksum\": \"00000000\"")]
    [InlineData("\"Path\": \"a\", " + Rest + ", \"Checksum-Algorithm\": \"CRC32C\"")]
    [InlineData("\"Path\": \"a\", " + Rest + ", \"Checksum-Algorithm\": \"MD5\", \"Checksum\": \"00000000\"")]
    [InlineData("\"Path\": \"a\", " + Rest + ", \"Checksum-Algorithm\": \"NONE\", \"Checksum\": \"\"")]
    [InlineData("\"Path\": \"a\", " + Rest + ", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"000000\"")]
    [InlineData("\"Path\": \"a\", " + Rest + ", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"0000000g\"")]
    [InlineData("\"Path\": \"a\", " + Rest + ", \"Extra\": 1")]
    [InlineData("\"Path\": \"a\", " + Rest + " }, { \"Path\": \"a\", " + Rest)]
    public void A_file_that_the_server_would_not_write_so_is_refused(string file) =>
        AssertDamaged(Encoding.UTF8.GetBytes(Sealed(WithFile(file))));

    [Theory]
    [InlineData("{ \"PostgreSQL-Backup-Manifest-Version\": 3,\n\"Files\": [\n],\n\"WAL-Ranges\": [\n],\n")]
    [InlineData("{ \"PostgreSQL-Backup-Manifest-Version\": 0,\n\"Files\": [\n],\n\"WAL-Ranges\": [\n],\n")]
    public void Another_version_is_unknown_and_not_damaged(string text) =>
        Assert.Equal(
            ErrorCode.UnknownFormat,
            Assert.Throws<LifeboatException>(() => BackupManifest.Parse(Encoding.UTF8.GetBytes(Sealed(text)))).Code);

    [Theory]
    [InlineData("{ \"Files\": [\n],\n\"PostgreSQL-Backup-Manifest-Version\": 1,\n\"WAL-Ranges\": [\n],\n")]
    [InlineData("{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"WAL-Ranges\": [\n],\n")]
    [InlineData("{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n],\n")]
    [InlineData("{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"Files\": [\n],\n\"WAL-Ranges\": [\n],\n")]
    [InlineData("{ \"PostgreSQL-Backup-Manifest-Version\": \"1\",\n\"Files\": [\n],\n\"WAL-Ranges\": [\n],\n")]
    [InlineData("{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [ 1\n],\n\"WAL-Ranges\": [\n],\n")]
    [InlineData("{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": {},\n\"WAL-Ranges\": [\n],\n")]
    [InlineData("[ 1,\n")]
    [InlineData("")]
    public void A_part_that_is_missing_or_out_of_place_is_refused(string text) =>
        AssertDamaged(Encoding.UTF8.GetBytes(Sealed(text)));

    [Fact]
    public void Deep_nesting_is_refused_and_does_not_exhaust_the_stack() =>
        AssertDamaged(Encoding.UTF8.GetBytes(Sealed(
            "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": " + new string('[', 100_000) + "\n")));

    [Theory]
    [InlineData("", 0, "")]
    [InlineData("f", -1, "00000000")]
    [InlineData("f", 0, "0000000")]
    [InlineData("f", 0, "0000000G")]
    public void The_writer_refuses_what_no_reader_would_take(string path, long size, string checksum)
    {
        using var writer = new BackupManifestWriter(new ArrayBufferWriter<byte>());
        writer.Begin(1, 0);
        Assert.ThrowsAny<ArgumentException>(() =>
            writer.Add(new ManifestFile(path, size, Time, ManifestChecksumAlgorithm.Crc32C, checksum)));
    }

    [Fact]
    public void The_writer_keeps_to_its_order()
    {
        using var writer = new BackupManifestWriter(new ArrayBufferWriter<byte>());
        Assert.Throws<InvalidOperationException>(() => writer.Complete(SomeWal));
        writer.Begin(2, 1);
        Assert.Throws<InvalidOperationException>(() => writer.Begin(2, 1));
        Assert.Throws<ArgumentException>(() => writer.Complete([]));
        writer.Complete(SomeWal);
        Assert.Throws<InvalidOperationException>(() => writer.Complete(SomeWal));
    }

    private const string Rest = "\"Size\": 1, \"Last-Modified\": \"2026-11-20 15:17:22 GMT\"";

    private static WalRange[] SomeWal => [new(Timeline.First, Lsn.Parse("0/2000028"), Lsn.Parse("0/2000100"))];

    private static string WithFile(string file) =>
        $"{{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n{{ {file} }}\n],\n\"WAL-Ranges\": [\n],\n";

    private static string Sealed(string text) =>
        $"{text}\"Manifest-Checksum\": \"{Sha256(text)}\"}}\n";

    private static string Sha256(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static void AssertDamaged(byte[] bytes) =>
        Assert.Equal(ErrorCode.Damaged, Assert.Throws<LifeboatException>(() => BackupManifest.Parse(bytes)).Code);

    private static void AssertContent(BackupManifest manifest, string path, string content)
    {
        var file = Assert.Single(manifest.Files, file => file.Path == path);
        var bytes = Encoding.UTF8.GetBytes(content);
        Assert.Equal(bytes.Length, file.Size);
        Assert.Equal(ManifestFile.Crc32CHex(Crc32C.Compute(bytes)), file.Checksum);
    }

    private static byte[] Write(BackupManifest manifest)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new BackupManifestWriter(output);
        writer.Begin(manifest.Version, manifest.SystemIdentifier ?? 0);
        foreach (var file in manifest.Files)
        {
            writer.Add(file);
        }

        writer.Complete(manifest.WalRanges);
        return output.WrittenSpan.ToArray();
    }
}
