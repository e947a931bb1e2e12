// Times the WAL reader over the segments in a folder, in memory, on one thread:
//   wal-reader-bench FOLDER [ROUNDS]
// One line for each program and round: program, round, seconds, bytes, records. "crc" sums the bytes and does nothing
// else: what reading with CRCs can at best take.
using System.Diagnostics;
using System.Globalization;
using Lifeboat.Platform.Checksums;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

var folder = args[0];
var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 7;
var segments = new List<(WalSegmentName Name, ReadOnlyMemory<byte> Content)>();
foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
{
    var content = File.ReadAllBytes(path);
    if (content.Length > 0
        && WalSegmentName.TryParse(Path.GetFileName(path), new WalSegmentSize(content.Length), out var name))
    {
        segments.Add((name, content));
    }
}

var bytes = segments.Sum(s => (long)s.Content.Length);
(string Name, Func<long> Run)[] programs =
[
    ("crc", () => segments.Sum(s => (long)(Crc32C.Compute(s.Content.Span) & 1))),
    ("read", () => Read(checkCrc: true, bodies: false)),
    ("read-without-crc", () => Read(checkCrc: false, bodies: false)),
    ("read-bodies", () => Read(checkCrc: true, bodies: true)),
    ("facts", () => segments.Sum(s => WalSegmentFacts.Collect(s.Name, s.Content).Records)),
];

// The first rounds are those of the compiler.
for (var round = -2; round < rounds; round++)
{
    foreach (var (name, run) in programs)
    {
        var start = Stopwatch.GetTimestamp();
        var records = run();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (round >= 0)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{name}\t{round}\t{seconds:F4}\t{bytes}\t{records}"));
        }
    }
}

return 0;

long Read(bool checkCrc, bool bodies)
{
    var reader = new WalRecordReader(new WalReaderOptions(CheckCrc: checkCrc));
    var records = 0L;
    var rows = 0L;
    foreach (var (name, content) in segments)
    {
        reader.Supply(name, content);
        while (reader.TryRead(out var record))
        {
            records++;
            if (bodies)
            {
                rows += HeapChange.TryParse(record, out var change) ? change.Rows : 0;
                rows += TransactionEnd.TryParse(record, out var end) ? end.SubxactCount : 0;
            }
        }

        if (reader.State != WalReaderState.NeedsMore)
        {
            throw new InvalidDataException($"{name}: {reader.Reason} at {reader.Position}");
        }
    }

    GC.KeepAlive(rows);
    return records;
}
