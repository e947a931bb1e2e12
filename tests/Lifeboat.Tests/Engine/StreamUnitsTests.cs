using System.Buffers;
using System.Text;
using Lifeboat.Engine.Backup.Physical;
using Lifeboat.Engine.Backup.Physical.Streamed;
using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Manifest;
using Lifeboat.Postgres.Server;
using Lifeboat.Postgres.Server.Replication;
using Lifeboat.Repository.Maps;
using Lifeboat.Testing;
using Xunit;

namespace Lifeboat.Tests.Engine;

/// <summary>What a server sends, and what anything else in its place would, down to units.</summary>
public sealed class StreamUnitsTests
{
    private static readonly ControlFacts s_control = new(202209061, 8192, 131072, HasDataChecksums: true);

    [Theory]
    [InlineData(13)]
    [InlineData(15)]
    public Task What_a_server_sends_comes_as_units_with_its_content(int major) => Sample.SeededAsync(async () =>
    {
        var random = Sample.Numbers($"conversation {major}");
        var large = new byte[(1 << 20) + 12345];
        random.NextBytes(large);
        var files = Files(large);
        var connection = new ServerConversation.Connection(Conversation(major, files), random);

        var (units, read) = await ReadAsync(connection, major);

        var command = Encoding.UTF8.GetString(connection.Sent.ToArray()[5..^1]);
        Assert.StartsWith(
            major >= 15 ? "BASE_BACKUP (LABEL 'o''clock', PROGRESS, CHECKPOINT 'fast'" : "BASE_BACKUP LABEL 'o''clock' PROGRESS FAST",
            command,
            StringComparison.Ordinal);
        Assert.Equal(
            ["pg_tblspc/16384", "pg_tblspc/16384/PG_15_202209061", "pg_tblspc/16384/PG_15_202209061/5/16385", "base",
                "base/5/1259", "base/5/1259", "empty", "pg_wal", "global/pg_control"],
            units.Select(unit => unit.Path));
        Assert.Equal(
            [MapFileKind.TablespaceLink, MapFileKind.Directory, MapFileKind.Regular, MapFileKind.Directory],
            units.Take(4).Select(unit => unit.Kind));
        Assert.Equal(large, units.Where(unit => unit.Path == "base/5/1259").SelectMany(unit => unit.Content));
        Assert.Equal([0u, 0u], units.Where(unit => unit.Path == "base/5/1259").Select(unit => unit.FirstBlock!.Value));
        Assert.Equal("label", Encoding.ASCII.GetString(read.Label));
        Assert.Equal("lineage", Encoding.ASCII.GetString(read.Marker!));
        Assert.Equal((16384u, "/srv/far"), (read.Tablespaces[0].Oid, read.Tablespaces[0].Location));
        Assert.Equal(Lsn.Parse(ServerConversation.Stop), read.Manifest!.WalRanges[0].End);
    });

    [Theory]
    [InlineData(13)]
    [InlineData(15)]
    public Task Whatever_comes_in_a_servers_place_is_refused_and_never_more_than_an_error(int major) =>
        Sample.SeededAsync(async () =>
        {
            var random = Sample.Numbers($"hostile {major}");
            var whole = Conversation(major, Files(new byte[9000]));
            var refused = 0;
            for (var turn = 0; turn < (Sample.IsWhole ? 60_000 : 3000); turn++)
            {
                var spoiled = random.Next(8) == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
                for (var flips = random.Next(1, 4); flips > 0 && spoiled.Length > 0; flips--)
                {
                    var at = random.Next(spoiled.Length);
                    spoiled[at] = random.Next(3) switch { 0 => 0, 1 => 0xFF, _ => (byte)(spoiled[at] ^ (1 << random.Next(8))) };
                }

                try
                {
                    await ReadAsync(new ServerConversation.Connection(spoiled, random), major);
                }
                catch (LifeboatException)
                {
                    refused++;
                }
            }

            // A change in bytes that mean nothing, such as a tag of a command, is none.
            Assert.True(refused > 2000, $"{refused} refused");
        });

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("base/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("base//x")]
    public async Task A_name_that_leaves_the_data_directory_is_refused(string name)
    {
        var said = Conversation(15, [(name, "x"u8.ToArray())]);
        var refused = await Assert.ThrowsAsync<LifeboatException>(
            () => ReadAsync(new ServerConversation.Connection(said, new Random(1)), 15));
        Assert.Equal(ErrorCode.Damaged, refused.Code);
    }

    [Fact]
    public async Task A_file_that_comes_twice_or_is_not_in_the_manifest_or_differs_from_it_is_refused()
    {
        var files = Files([1, 2, 3]);
        var manifest = Manifest(files);
        foreach (var (sent, said) in new ((string, byte[]?)[] Sent, byte[] Manifest)[]
        {
            ([.. files, files[^2]], manifest),
            ([.. files, ("more", [1])], manifest),
            (files[..^2], manifest),
            ([.. files.Select(file => file.Name == "base/5/1259" ? (file.Name, [1, 2, 4]) : file)], manifest),
            ([.. files.Select(file => file.Name == "base/5/1259" ? (file.Name, [1, 2]) : file)], manifest),
        })
        {
            var connection = new ServerConversation.Connection(
                ServerConversation.Of(17, Far(), ServerConversation.Archive(sent), said), new Random(1));
            var refused = await Assert.ThrowsAsync<LifeboatException>(() => ReadAsync(connection, 17));
            Assert.Equal(ErrorCode.Damaged, refused.Code);
        }
    }

    private static (string Name, byte[]? Content)[] Files(byte[] large) =>
    [
        ("backup_label", "label"u8.ToArray()), ("lifeboat.lineage", "lineage"u8.ToArray()), ("base/", null),
        ("base/5/1259", large), ("empty", []), ("./pg_wal/", null), ("global/pg_control", new byte[8192]),
    ];

    private static byte[] Far() => ServerConversation.Archive(
        ("PG_15_202209061/", null), ("PG_15_202209061/5/16385", "far"u8.ToArray()));

    private static byte[] Conversation(int major, (string Name, byte[]? Content)[] files) =>
        ServerConversation.Of(major, Far(), ServerConversation.Archive(files), Manifest(files));

    private static byte[] Manifest((string Name, byte[]? Content)[] files)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new BackupManifestWriter(output);
        writer.Begin(2, 7);
        writer.Add(ManifestFile.WithCrc32C(
            "pg_tblspc/16384/PG_15_202209061/5/16385", 3, DateTimeOffset.UnixEpoch, Crc32C.Compute("far"u8)));
        foreach (var (name, content) in files)
        {
            if (content is not null)
            {
                writer.Add(ManifestFile.WithCrc32C(name, content.Length, DateTimeOffset.UnixEpoch, Crc32C.Compute(content)));
            }
        }

        writer.Complete([new WalRange(
            Timeline.First, Lsn.Parse(ServerConversation.Start), Lsn.Parse(ServerConversation.Stop))]);
        return output.WrittenSpan.ToArray();
    }

    private static async Task<(List<Piece> Pieces, StreamUnits Read)> ReadAsync(
        ServerConversation.Connection connection, int major)
    {
        var token = TestContext.Current.CancellationToken;
        var stream = await BaseBackupStream.StartAsync(
            connection, major, "test", new BaseBackupRequest("o'clock", Fast: true), token);
        var comparison = new ManifestComparison();
        var units = new StreamUnits(stream, s_control, comparison);
        var pieces = new List<Piece>();
        uint crc = 0;
        long length = 0;
        await foreach (var unit in units.ReadAsync(token))
        {
            var content = new byte[unit.Length];
            if (unit.Source is { } source)
            {
                Assert.Equal(unit.Length, source.Open()!.Read(content, unit.Offset));
                source.Release();
                (crc, length) = (Crc32C.Append(crc, content), length + unit.Length);
                if (unit.IsLast)
                {
                    comparison.Received(unit.Entry.PathBytes, length, crc);
                    (crc, length) = (0, 0);
                }
            }

            pieces.Add(new Piece(unit.Entry.Path, unit.Entry.Kind, unit.FirstBlock, content));
        }

        comparison.RequireSame();
        _ = (units.Label, units.Map, units.ControlContent, stream.End!.Stop);
        return (pieces, units);
    }

    private sealed record Piece(string Path, MapFileKind Kind, uint? FirstBlock, byte[] Content);
}
