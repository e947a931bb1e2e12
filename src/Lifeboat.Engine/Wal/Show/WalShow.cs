using Lifeboat.Engine.Wal.Pieces;
using Lifeboat.Engine.Windows;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal.Show;

/// <summary>Takes a record while it is good, which is until the call returns.</summary>
public delegate void WalRecordVisitor(WalSegmentName segment, in WalRecord record);

/// <summary>
/// Reads records from the archive and hands them on, one by one. Which records belong to a segment or a stretch is as
/// pg_waldump has it: those that begin and end within it.
/// </summary>
public static class WalShow
{
    private const string Operation = "show archived WAL";
    private const int Alignment = 8;

    /// <exception cref="LifeboatException">
    /// NotFound: the segment, or one of the stretch, is not archived. Conflict: several contents have its name. Usage: a
    /// request that makes no sense. Damaged, errors of the store.
    /// </exception>
    public static async Task<WalShowReport> RunAsync(
        WalShowRequest request, WalRecordVisitor visit, CancellationToken cancellationToken)
    {
        var archive = await ArchiveAsync(request, cancellationToken);
        return request.File is { } file
            ? await FileAsync(request, archive, file, visit, cancellationToken)
            : await StretchAsync(request, archive, visit, cancellationToken);
    }

    private static async Task<LineageArchive> ArchiveAsync(
        WalShowRequest request, CancellationToken cancellationToken)
    {
        var (archives, _) = await LineageArchive.LoadAllAsync(request.Cluster, cancellationToken);
        var wanted = request.Lineage ?? request.Cluster.FirstLineage;
        return archives.FirstOrDefault(archive => archive.Record.Id == wanted)
            ?? throw new LifeboatException(new Failure(
                ErrorCode.NotFound,
                Operation,
                $"cluster {request.Cluster.Name}",
                "nothing of this lineage is archived",
                Hint: "'lifeboat list' shows what there is."));
    }

    private static async Task<WalShowReport> FileAsync(
        WalShowRequest request,
        LineageArchive archive,
        string file,
        WalRecordVisitor visit,
        CancellationToken cancellationToken)
    {
        if (!(WalFileName.IsSegment(file) || WalFileName.IsPartial(file))
            || !WalSegmentName.TryParse(file.AsSpan(0, WalSegmentName.Length), archive.Size, out var name))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                Operation,
                file,
                $"this is no name of a segment of {archive.Size}",
                Hint: "Give the 24 digits of a segment, as 'lifeboat list' shows them, or --from and --to."));
        }

        var item = archive.Find(file) ?? throw archive.NotArchived(file);
        var (content, _) = await ArchivedSegment.ReadAsync(request.Cluster, item, archive.Size, cancellationToken);
        var reading = new Reading(request with { From = request.From ?? Lsn.Zero }, visit);
        reading.Feed(name, content);
        return reading.Report();
    }

    private static async Task<WalShowReport> StretchAsync(
        WalShowRequest request,
        LineageArchive archive,
        WalRecordVisitor visit,
        CancellationToken cancellationToken)
    {
        var from = request.From!.Value;
        if (request.To is { } to && to <= from)
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                Operation,
                $"{from} to {to}",
                "the stretch ends before it begins",
                Hint: "Give the lower position with --from and the higher one with --to."));
        }

        var path = PathOf(request, archive);
        var first = archive.Size.SegmentOf(from);
        var run = path.RunOf(first) ?? throw archive.NotArchived(path.NameOf(first).ToString());
        var last = request.To is { } end ? WalSegmentName.OfEnd(path.Timeline, end, archive.Size).Number : run.Last;
        if (last > run.Last)
        {
            throw archive.NotArchived(path.NameOf(run.Last + 1).ToString());
        }

        var reading = new Reading(request, visit);
        await foreach (var (name, content) in SegmentContents.ReadAsync(
            request.Cluster, archive, path, first, last, cancellationToken))
        {
            reading.Feed(name, content);
            if (reading.IsOver)
            {
                break;
            }
        }

        return reading.Report();
    }

    private static WalPath PathOf(WalShowRequest request, LineageArchive archive) =>
        (request.Timeline is { } wanted
            ? archive.Coverage.Paths.FirstOrDefault(path => path.Timeline == wanted)
            : archive.Coverage.Paths.LastOrDefault(WalCoverage.HasOwnWal))
        ?? throw new LifeboatException(new Failure(
            ErrorCode.NotFound,
            Operation,
            request.Timeline is { } timeline ? $"timeline {timeline}" : $"lineage {archive.Record.Id}",
            "nothing of it is archived",
            Hint: "'lifeboat list' shows the timelines that there are."));

    /// <summary>Goes through the records and keeps to the bounds asked for.</summary>
    private sealed class Reading(WalShowRequest request, WalRecordVisitor visit)
    {
        private readonly WalRecordReader _reader = new();
        private readonly Lsn _from = request.From ?? Lsn.Zero;
        private readonly Lsn _to = request.To ?? Lsn.Max;
        private long _records;
        private Lsn? _end;

        internal bool IsOver { get; private set; }

        internal void Feed(WalSegmentName name, byte[] content)
        {
            _reader.Supply(name, content);
            while (!IsOver && _reader.TryRead(out var record))
            {
                if (EndOf(record) > _to)
                {
                    IsOver = true;
                }
                else if (record.Lsn >= _from)
                {
                    _records++;
                    _end = record.EndLsn;
                    visit(name, record);
                }
            }

            IsOver |= _reader.State != WalReaderState.NeedsMore;
        }

        internal WalShowReport Report() => new(
            _records,
            _end,
            _reader.State == WalReaderState.NeedsMore ? _reader.UnfinishedRecord : null,
            _reader.State == WalReaderState.Unreadable ? $"at {_reader.Position}: {_reader.Reason}" : "");

        /// <summary>Where the record's own bytes end: the rest of a switched segment is none of them.</summary>
        private static Lsn EndOf(in WalRecord record)
        {
            var padding = (ulong)((Alignment - (record.TotalLength % Alignment)) % Alignment);
            var end = record.EndLsn.Value - padding;
            return new Lsn(record.IsSegmentSwitch ? record.Lsn.Value + (ulong)record.TotalLength : end);
        }
    }
}
