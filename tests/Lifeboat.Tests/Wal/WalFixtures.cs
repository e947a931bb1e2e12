using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;
using Xunit;

namespace Lifeboat.Tests.Wal;

/// <summary>
/// The WAL that eng/fixtures-wal made: real servers' segments of 1 MiB, and what pg_waldump says of them.
/// </summary>
public static class WalFixtures
{
    internal static readonly WalSegmentSize Size = new(1 << 20);

    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "fixtures", "wal");

    public static TheoryData<int> Majors => [13, 15, 17, 18];

    internal static IReadOnlyList<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> Segments(
        int major, uint timeline = 1) =>
        [.. WalFolder.Read(Path.Combine(Root, $"{major}"), Size, new Timeline(timeline))];

    internal static IEnumerable<string> Waldump(int major, uint timeline) =>
        System.Text.Encoding.UTF8
            .GetString(WalFolder.Content(Path.Combine(Root, $"{major}", $"waldump-{timeline}.txt.gz")))
            .Split('\n');

    /// <summary>A line of facts.txt: what the server said when it wrote the WAL.</summary>
    internal static string Fact(int major, string name) =>
        File.ReadLines(Path.Combine(Root, $"{major}", "facts.txt"))
            .Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..];

    /// <summary>What a record is, without its bytes.</summary>
    internal readonly record struct Seen(
        Lsn Lsn, Lsn EndLsn, Lsn Prev, byte Rmgr, byte Info, uint Xid, int Length, int Blocks)
    {
        internal static Seen Of(in WalRecord record) => new(
            record.Lsn, record.EndLsn, record.PrevLsn, record.RmgrId, record.Info, record.Xid.Value, record.TotalLength,
            record.Blocks.Length);
    }

    /// <summary>Everything a reader gives until it wants more.</summary>
    internal static List<Seen> Drain(WalRecordReader reader)
    {
        var seen = new List<Seen>();
        while (reader.TryRead(out var record))
        {
            seen.Add(Seen.Of(record));
        }

        return seen;
    }

    internal static (List<Seen> Records, WalRecordReader Reader) ReadAll(
        IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments, WalReaderOptions? options = null)
    {
        var reader = new WalRecordReader(options ?? WalReaderOptions.Default);
        var seen = new List<Seen>();
        foreach (var (name, content) in segments)
        {
            reader.Supply(name, content);
            seen.AddRange(Drain(reader));
            if (reader.State != WalReaderState.NeedsMore)
            {
                break;
            }
        }

        return (seen, reader);
    }
}
