using System.IO.Compression;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Testing.Wal;

namespace Lifeboat.Tests.Postgres.Wal;

/// <summary>
/// Keeps one record of each kind as the corpus of <c>eng/fuzz wal</c>, where LIFEBOAT_FUZZ_HARVEST names a folder:
/// the smallest of those that look alike, one behind the other, in <c>major/records.gz</c>.
/// </summary>
internal static class WalHarvest
{
    private const int LongestRecord = 1500;

    internal static async Task WriteIfAskedAsync(WalWorkload workload)
    {
        if (Environment.GetEnvironmentVariable("LIFEBOAT_FUZZ_HARVEST") is not { Length: > 0 } folder)
        {
            return;
        }

        var kept = Collect(WalFolder.Read(workload.Archive, WalWorkload.Size, Timeline.First));
        var path = Path.Combine(folder, $"{workload.Server.Major}", "records.gz");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using var packed = new GZipStream(File.Create(path), CompressionLevel.SmallestSize);
        foreach (var record in kept)
        {
            await packed.WriteAsync(record);
        }
    }

    private static IEnumerable<byte[]> Collect(
        IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments)
    {
        var kept = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var reader = new WalRecordReader();
        foreach (var (name, content) in segments)
        {
            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                var look = LookOf(record);
                if (record.TotalLength <= LongestRecord
                    && (!kept.TryGetValue(look, out var known) || known.Length > record.TotalLength))
                {
                    kept[look] = record.Bytes.ToArray();
                }
            }
        }

        return kept.Values;
    }

    /// <summary>What makes a record another kind of input: its code, and which optional parts it has.</summary>
    private static string LookOf(in WalRecord record)
    {
        var look = $"{record.RmgrId:D3} {record.Info:X2} {record.Origin != 0} {record.TopLevelXid.IsValid}";
        var blocks = record.Blocks;
        look += $" {Math.Min(blocks.Length, 3)}";
        if (blocks.Length > 0)
        {
            look += $" {blocks[0].ForkFlags:X2} {(byte)blocks[0].ImageForm:X2}";
        }

        if (TransactionEnd.TryParse(record, out var end))
        {
            look += $" {end.SubxactCount > 0} {end.DroppedRelationCount > 0} {end.Database != 0} {end.Gid.Length > 0}";
        }

        if (TransactionPrepare.TryParse(record, out var prepare))
        {
            look += $" {prepare.Subxacts.Count > 0} {prepare.DroppedAtCommit.Count > 0} {prepare.DroppedAtAbort.Count > 0}";
        }

        return look;
    }
}
