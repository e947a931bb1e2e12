using System.Globalization;
using System.Text;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Testing.Wal;

/// <summary>
/// Reads segments with our reader and compares every record with the line that PostgreSQL's own pg_waldump printed for
/// it: resource manager, lengths, transaction, both LSNs, every block reference, and for the records whose bodies are
/// parsed what the description says. One instance is one comparison.
/// </summary>
public sealed partial class WaldumpComparison(IEnumerable<string> lines)
{
    private const string BlockMark = ", blkref #";
    private const int MostDifferences = 20;

    private static readonly string[] RmgrNames =
    [
        "XLOG", "Transaction", "Storage", "CLOG", "Database", "Tablespace", "MultiXact", "RelMap", "Standby", "Heap2",
        "Heap", "Btree", "Hash", "Gin", "Gist", "Sequence", "SPGist", "BRIN", "CommitTs", "ReplicationOrigin",
        "Generic", "LogicalMessage",
    ];

    private static readonly string[] ForkNames = ["main", "fsm", "vm", "init"];

    private readonly List<string> _differences = [];
    private readonly StringBuilder _text = new();

    public IReadOnlyList<string> Differences => _differences;

    /// <summary>Records compared.</summary>
    public int Records { get; private set; }

    /// <summary>
    /// Records of each kind whose body was compared too: a comparison that met none proves nothing of it.
    /// </summary>
    public Dictionary<string, int> Bodies { get; } = new(StringComparer.Ordinal);

    /// <summary>The resource managers met.</summary>
    public HashSet<ResourceManager> Managers { get; } = [];

    /// <summary>The ways in which page images met were compressed.</summary>
    public HashSet<WalImageForm> ImageForms { get; } = [];

    /// <summary>Block references compared, and those among them with a page image.</summary>
    public (int All, int Images) Blocks { get; private set; }

    /// <summary>Compares records and lines one by one, and then whether as many are left of both.</summary>
    /// <returns>The reader as it stands at the end.</returns>
    public WalRecordReader Run(IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> segments)
    {
        var reader = new WalRecordReader();
        using var line = lines.Where(l => l.StartsWith("rmgr:", StringComparison.Ordinal)).GetEnumerator();
        foreach (var (name, content) in segments)
        {
            if (reader.State != WalReaderState.NeedsMore)
            {
                break;
            }

            reader.Supply(name, content);
            while (reader.TryRead(out var record))
            {
                Records++;
                if (!line.MoveNext())
                {
                    Differ($"{record.Lsn}: pg_waldump has no such record");
                    return reader;
                }

                Compare(record, line.Current);
            }
        }

        if (line.MoveNext())
        {
            Differ($"{reader.Position} {reader.State} {reader.Reason}: pg_waldump goes on with {line.Current}");
        }

        return reader;
    }

    private void Compare(in WalRecord record, string line)
    {
        Managers.Add(record.Rmgr);
        var description = line.IndexOf(", desc: ", StringComparison.Ordinal);
        var blocks = line.IndexOf(BlockMark, StringComparison.Ordinal);
        Expect(line, line.AsSpan(0, description), HeaderText(record));
        Expect(line, blocks < 0 ? "" : line.AsSpan(blocks).TrimEnd(), BlockText(record));
        var text = line[(description + ", desc: ".Length)..(blocks < 0 ? line.Length : blocks)];
        CompareBody(record, text);
        CompareChange(record, text);
    }

    private void Expect(string line, ReadOnlySpan<char> theirs, string ours)
    {
        if (!theirs.SequenceEqual(ours))
        {
            Differ($"{line}\n   ours: {ours}");
        }
    }

    private void Differ(string text)
    {
        if (_differences.Count < MostDifferences)
        {
            _differences.Add(text);
        }
    }

    private static string HeaderText(in WalRecord record)
    {
        var images = 0;
        foreach (var block in record.Blocks)
        {
            images += block.ImageLength;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"rmgr: {RmgrNames[record.RmgrId],-11} len (rec/tot): {record.TotalLength - images,6}/{record.TotalLength,6}")
            + string.Create(
                CultureInfo.InvariantCulture,
                $", tx: {record.Xid.Value,10}, lsn: {Padded(record.Lsn)}, prev {Padded(record.PrevLsn)}");
    }

    private static string Padded(Lsn lsn) => $"{lsn.Value >> 32:X}/{(uint)lsn.Value:X8}";

    private string BlockText(in WalRecord record)
    {
        _text.Clear();
        foreach (var block in record.Blocks)
        {
            Blocks = (Blocks.All + 1, Blocks.Images + (block.HasImage ? 1 : 0));
            _text.Append(CultureInfo.InvariantCulture, $"{BlockMark}{block.Id}: rel {block.Relation}");
            if (block.Fork != RelationFork.Main)
            {
                _text.Append(" fork ").Append(ForkNames[(int)block.Fork]);
            }

            _text.Append(CultureInfo.InvariantCulture, $" blk {block.Block}");
            if (block.HasImage)
            {
                ImageForms.Add(block.ImageForm & WalImageForm.Compressed);
                _text.Append(block.AppliesImage ? " FPW" : " FPW for WAL verification");
            }
        }

        return _text.ToString();
    }

    /// <param name="words">How many words of the description name the kind.</param>
    private void Met(string description, int words = 1)
    {
        var kind = string.Join(' ', description.Split(' ').Take(words));
        Bodies[kind] = Bodies.GetValueOrDefault(kind) + 1;
    }

    /// <summary>As pg_waldump prints a time under TZ=UTC.</summary>
    private static string TimeText(PgTimestamp time) =>
        time.ToString().Replace("+00", " UTC", StringComparison.Ordinal);
}
