using System.Buffers.Binary;
using Lifeboat.Platform.Checksums;

namespace Lifeboat.Postgres.Format.Wal.Changes;

/// <summary>A record over the edge of a segment, by what it changes.</summary>
/// <param name="Previous">The record before it, as it says.</param>
public sealed record EdgeRecord(Lsn Lsn, Lsn Previous, WalChanges Changes)
{
    /// <summary>
    /// No record with block references is longer; what lies between the parts that are kept is not known.
    /// </summary>
    private const int MostStitched = 4 << 20;

    public static EdgeRecord Of(in WalRecord record)
    {
        var changes = new WalChanges();
        changes.Take(record);
        return new EdgeRecord(record.Lsn, record.PrevLsn, changes);
    }

    /// <summary>Reads the record that begins at a position from the segments themselves.</summary>
    /// <param name="segments">
    /// That in which it begins, and those behind it; only as many are asked for as it needs.
    /// </param>
    /// <returns>Null when there is no whole record.</returns>
    public static EdgeRecord? Read(Lsn start, IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments)
    {
        var reader = new WalRecordReader(WalReaderOptions.Default with { Start = start });
        foreach (var (name, content) in segments)
        {
            reader.Supply(name, content);
            if (reader.TryRead(out var record))
            {
                return record.Lsn == start ? Of(record) : null;
            }

            if (reader.State != WalReaderState.NeedsMore)
            {
                break;
            }
        }

        return null;
    }

    /// <summary>Puts a record together from what two runs keep of it.</summary>
    internal static (EdgeRecord? Record, WalJoint Joint, string Fault) Stitch(
        WalRunTail tail, WalFragment head, int major)
    {
        var whole = tail.Bytes.Then(head);
        if (whole.Length != tail.Total || whole.Length < WalRecord.HeaderLength
            || whole.Length > WalVersion.MaxRecordLength(major))
        {
            return (null, WalJoint.Broken, $"it claims {tail.Total} bytes, and {whole.Length} are there");
        }

        var header = whole.Front;
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != tail.Total
            || !WalVersion.HasRmgr(major, header[WalRecord.RmgrOffset]))
        {
            return (null, WalJoint.Broken, "its header contradicts what is known of it");
        }

        if (header[WalRecord.RmgrOffset] == (byte)ResourceManager.LogicalMessage)
        {
            var previous = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(header[WalRecord.PrevOffset..]));
            return (new EdgeRecord(tail.Lsn, previous, new WalChanges()), WalJoint.Joined, "");
        }

        return whole.Length > MostStitched ? (null, WalJoint.NeedsRecord, "") : Decode(tail.Lsn, whole, major);
    }

    private static (EdgeRecord? Record, WalJoint Joint, string Fault) Decode(Lsn lsn, WalFragment whole, int major)
    {
        var bytes = new byte[whole.Length];
        whole.Front.CopyTo(bytes);
        whole.Back.CopyTo(bytes.AsSpan(bytes.Length - whole.Back.Length));
        var body = new WalRecordBody();
        if (whole.IsWhole && !WalRecordReader.HasCorrectCrc(bytes))
        {
            return (null, WalJoint.Broken, "its CRC is wrong");
        }

        if (body.Decode(bytes, major) is { } fault)
        {
            return whole.IsWhole ? (null, WalJoint.Broken, fault) : (null, WalJoint.NeedsRecord, "");
        }

        // Headers must lie in the front and main data at the back: in between there are zeros in place of what was.
        var headersEnd = body.BlockCount > 0 ? body.Blocks[0].ImageOffset : body.MainOffset;
        if (!whole.IsWhole
            && (headersEnd > whole.Front.Length
                || (body.MainLength > 0 && body.MainOffset < bytes.Length - whole.Back.Length)))
        {
            return (null, WalJoint.NeedsRecord, "");
        }

        var record = new WalRecord(bytes, body, lsn, lsn, default, major);
        return (Of(record), WalJoint.Joined, "");
    }
}
