using System.Buffers.Binary;
using System.Text;
using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Lifeboat.Tests.Postgres;

namespace Lifeboat.Tests.Faults;

/// <summary>
/// A data directory that looks like a running server's: a true pg_control, pages of real relations, a tablespace behind
/// a link, directories that are emptied, WAL. Small, so that a loop can back it up many times.
/// </summary>
internal static class SourceDirectory
{
    internal const int Major = 17;
    internal const uint TablespaceOid = 16400;

    private static readonly Lazy<IReadOnlyList<(string Name, byte[] Content)>> s_wal = new(BuildWal);

    /// <summary>Five segments of 1 MiB, from 0/500000 on.</summary>
    internal static IReadOnlyList<(string Name, byte[] Content)> Wal => s_wal.Value;

    internal static void Create(string data, string space)
    {
        var files = PosixFileSystem.Instance;
        foreach (var folder in new[]
        {
            "", "base", "base/5", "global", "pg_wal", "pg_wal/archive_status", "pg_xact", "pg_tblspc", "pg_stat_tmp",
            "pg_notify", "pg_logical", "pg_commit_ts",
        })
        {
            files.CreateDirectory(PosixPath.Combine(data, folder));
        }

        var version = "PG_17_202406281";
        foreach (var folder in new[] { space, $"{space}/{version}", $"{space}/{version}/5" })
        {
            files.CreateDirectory(folder);
        }

        files.CreateSymbolicLink(space, $"{data}/pg_tblspc/{TablespaceOid}");
        Write($"{space}/{version}/5/16401", Page("heap"));
        Write($"{data}/PG_VERSION", "17\n"u8.ToArray());
        Write($"{data}/base/5/PG_VERSION", "17\n"u8.ToArray());
        Write($"{data}/base/5/16384", Page("heap"));
        Write($"{data}/base/5/16384_fsm", Page("heap_fsm"));
        Write($"{data}/base/5/16384_vm", Page("heap_vm"));
        Write($"{data}/base/5/16384.1", Page("far.1"));
        Write($"{data}/base/5/16385", Page("index"));
        Write($"{data}/base/5/16386", []);
        Write($"{data}/base/5/pg_filenode.map", Noise(524, 7));
        // Two units and a stretch of zeros: more than one frame, and an end that is no whole extent.
        Write($"{data}/pg_logical/large", [.. Noise(400_000, 8), .. new byte[700_000], .. Noise(60_001, 9)]);
        Write($"{data}/pg_xact/0000", Noise(8192, 10));
        Write($"{data}/pg_stat_tmp/emptied", "gone"u8.ToArray());
        Write($"{data}/postmaster.pid", "1\n"u8.ToArray());
        Write($"{data}/postgresql.conf", "port = 5432\n"u8.ToArray());
        Write($"{data}/postgresql.auto.conf", "work_mem = '4MB'\n"u8.ToArray());
        Write($"{data}/global/pg_control", Control());
        foreach (var (name, content) in Wal)
        {
            Write($"{data}/pg_wal/{name}", content);
        }
    }

    /// <summary>Changes what a running server changes between two backups.</summary>
    internal static void Change(string data)
    {
        var files = PosixFileSystem.Instance;
        files.Delete($"{data}/pg_xact/0000");
        Write($"{data}/pg_xact/0000", Noise(8192, 11));
        Write($"{data}/base/5/16390", Page("heap"));
        Write($"{data}/pg_logical/more", Noise(30_000, 12));
    }

    internal static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static void Write(string path, byte[] content)
    {
        using var file = PosixFileSystem.Instance.Create(path);
        file.Write(content, 0);
        file.Close();
    }

    private static byte[] Page(string name) => PostgresFixtures.Read(Major, $"pages/{name}");

    /// <summary>The fixture's, as if it were of the server that wrote the WAL at hand.</summary>
    private static byte[] Control()
    {
        var content = PostgresFixtures.Read(Major, "pg_control.running");
        BinaryPrimitives.WriteUInt64LittleEndian(content, new WalBuilder(Major).SystemIdentifier);
        BinaryPrimitives.WriteInt32LittleEndian(
            content.AsSpan(ControlFileLayout13.WalSegmentSize), WalBuilder.Size.Bytes);
        var crc = ControlFileLayout17.Layout.Crc;
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(crc), Crc32C.Compute(content.AsSpan(0, crc)));
        return content;
    }

    private static List<(string Name, byte[] Content)> BuildWal()
    {
        const int segments = 5;
        var builder = new WalBuilder(Major);
        for (var number = 0; number < segments; number++)
        {
            builder.FillTo(40_000);
            builder.Record(ResourceManager.Xlog, 0x30, Encoding.ASCII.GetBytes($"segment {number}"));
            builder.Switch();
        }

        return [.. builder.Segments.Select(segment => (segment.Name.ToString(), segment.Content.ToArray()))];
    }
}
