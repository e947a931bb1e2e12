using System.Collections.Concurrent;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Pages;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>
/// Judges pages as they are read from a running server. A checksum that fails may be a page read while it was written:
/// it is read again, and what changed is judged anew. A page whose LSN lies between the backup's start and the
/// server's current position is put right by WAL, whatever it looks like; any other LSN is no excuse.
/// </summary>
/// <param name="readsAgain">Whether there is a file that can be read once more.</param>
internal sealed class PageVerifier(
    int blockSize, Lsn start, Func<CancellationToken, Task<Lsn>> walPosition, bool readsAgain = true)
{
    /// <summary>The names of damaged pages are kept up to here; all are counted.</summary>
    private const int MostNamed = 1000;

    private const int MostReads = 5;

    private static readonly TimeSpan BetweenReads = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentQueue<string> _damaged = new();
    private long _errors;
    private long _read;

    internal long Errors => Interlocked.Read(ref _errors);

    /// <summary>Bytes that were read again.</summary>
    internal long BytesReadAgain => Interlocked.Read(ref _read);

    internal string[] Damaged => [.. _damaged.Order(StringComparer.Ordinal)];

    /// <summary>Judges all whole pages of a stretch, and replaces those that a second read gives better.</summary>
    /// <param name="offset">Of the content in the unit's file.</param>
    internal async ValueTask VerifyAsync(
        CopyUnit unit,
        IFile file,
        Memory<byte> content,
        long offset,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var firstBlock = unit.FirstBlock!.Value + (uint)(offset / blockSize);
        for (var page = FirstBad(content.Span, firstBlock, 0); page >= 0;)
        {
            var bytes = content.Slice(page * blockSize, blockSize);
            await ReadAgainAsync(unit, file, bytes, firstBlock + (uint)page, time, cancellationToken);
            page = FirstBad(content.Span, firstBlock, page + 1);
        }
    }

    private int FirstBad(ReadOnlySpan<byte> content, uint firstBlock, int from)
    {
        for (var page = from; (page + 1) * blockSize <= content.Length; page++)
        {
            var verdict = PageChecksum.Judge(content.Slice(page * blockSize, blockSize), firstBlock + (uint)page);
            if (verdict is not (PageVerdict.Valid or PageVerdict.New))
            {
                return page;
            }
        }

        return -1;
    }

    private async ValueTask ReadAgainAsync(
        CopyUnit unit, IFile file, Memory<byte> page, uint block, TimeProvider time, CancellationToken cancellationToken)
    {
        var offset = (block - (long)unit.FirstBlock!.Value) * blockSize;
        var again = new byte[blockSize];
        for (var read = 0; read < MostReads; read++)
        {
            var lsn = PageHeader.Read(page.Span).Lsn;
            if (lsn >= start && lsn <= await walPosition(cancellationToken))
            {
                return;
            }

            if (!readsAgain)
            {
                break;
            }

            if (read > 0)
            {
                await Task.Delay(BetweenReads, time, cancellationToken);
            }

            var length = file.Read(again, offset);
            Interlocked.Add(ref _read, length);
            if (length < blockSize)
            {
                // The relation was cut off here meanwhile; WAL will cut it off too.
                return;
            }

            var changed = !again.AsSpan().SequenceEqual(page.Span);
            again.CopyTo(page);
            if (PageChecksum.Judge(page.Span, block) is PageVerdict.Valid or PageVerdict.New)
            {
                return;
            }

            if (!changed && read > 0)
            {
                break;
            }
        }

        if (Interlocked.Increment(ref _errors) <= MostNamed)
        {
            _damaged.Enqueue($"{PosixPath.Display(unit.Entry.Path)}: block {block}");
        }
    }
}
