using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lifeboat.Engine.Wal.Show;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Cli.Output;

/// <summary>Records and their summaries for programs, one JSON object a line.</summary>
internal sealed class WalRecordJson(TextWriter output) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _writer = new(
        Stream.Null, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public void Print(in WalRecord record)
    {
        Begin();
        _writer.WriteString("lsn", record.Lsn.ToString());
        _writer.WriteString("prev", record.PrevLsn.ToString());
        _writer.WriteString("end", record.EndLsn.ToString());
        _writer.WriteNumber("timeline", record.Timeline.Value);
        _writer.WriteString("rmgr", ResourceManagerNames.Of(record.RmgrId));
        _writer.WriteNumber("info", record.Info);
        _writer.WriteNumber("length", record.TotalLength);
        _writer.WriteNumber("xid", record.Xid.Value);
        _writer.WriteStartArray("blocks");
        foreach (var block in record.Blocks)
        {
            _writer.WriteStartObject();
            _writer.WriteNumber("id", block.Id);
            _writer.WriteString("rel", block.Relation.ToString());
            _writer.WriteString("fork", ResourceManagerNames.Of(block.Fork));
            _writer.WriteNumber("block", block.Block);
            _writer.WriteBoolean("fpi", block.HasImage);
            _writer.WriteNumber("imageLength", block.ImageLength);
            _writer.WriteEndObject();
        }

        _writer.WriteEndArray();
        if (RecordDescription.Of(record) is { } description)
        {
            _writer.WriteString("kind", description.Kind);
            _writer.WriteString("description", description.Text);
            if (description.Time is { } time)
            {
                _writer.WriteString("time", time.ToString());
            }

            if (description.Xid is { } xid)
            {
                _writer.WriteNumber("endedXid", xid.Value);
            }
        }

        End();
    }

    public void Print(WalSegmentName segment, WalRangeSummary summary)
    {
        Begin();
        _writer.WriteString("segment", segment.ToString());
        Write("start", summary.First?.ToString());
        Write("end", summary.End?.ToString());
        _writer.WriteNumber("records", summary.Records);
        _writer.WriteNumber("bytes", summary.Bytes);
        _writer.WriteNumber("commits", summary.Commits);
        _writer.WriteNumber("aborts", summary.Aborts);
        Write("leastTime", summary.LeastTime?.ToString());
        Write("greatestTime", summary.GreatestTime?.ToString());
        _writer.WriteStartArray("rmgrs");
        foreach (var (name, count) in summary.Rmgrs)
        {
            _writer.WriteStartObject();
            _writer.WriteString("rmgr", name);
            _writer.WriteNumber("records", count.Records);
            _writer.WriteNumber("bytes", count.Bytes);
            _writer.WriteNumber("images", count.Images);
            _writer.WriteNumber("imageBytes", count.ImageBytes);
            _writer.WriteEndObject();
        }

        _writer.WriteEndArray();
        _writer.WriteStartArray("relations");
        foreach (var (relation, fork, blocks) in summary.Relations)
        {
            _writer.WriteStartObject();
            _writer.WriteString("rel", relation.ToString());
            _writer.WriteString("fork", ResourceManagerNames.Of(fork));
            _writer.WriteNumber("blocks", blocks);
            _writer.WriteEndObject();
        }

        _writer.WriteEndArray();
        End();
    }

    public void Dispose() => _writer.Dispose();

    private void Begin()
    {
        _buffer.ResetWrittenCount();
        _writer.Reset(_buffer);
        _writer.WriteStartObject();
    }

    private void Write(string name, string? text)
    {
        if (text is null)
        {
            _writer.WriteNull(name);
        }
        else
        {
            _writer.WriteString(name, text);
        }
    }

    private void End()
    {
        _writer.WriteEndObject();
        _writer.Flush();
        output.WriteLine(Encoding.UTF8.GetString(_buffer.WrittenSpan));
    }
}
