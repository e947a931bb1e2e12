using Lifeboat.Engine.Files;
using Lifeboat.Engine.Lineages;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Control;
using Lifeboat.Postgres.Format.Wal;

namespace Lifeboat.Engine.Wal;

/// <summary>
/// Whether a server has committed anything behind a segment that it hands over. Where it has not, whatever was committed by
/// then is in that segment or before it: so that a time in a quiet tail, later than any commit, can be a target.
/// </summary>
/// <remarks>
/// A commit is acknowledged when it is written, so that none is missed but those of sessions that do not wait for it
/// (synchronous_commit = off), which a crash would lose as well.
/// </remarks>
internal static class QuietTail
{
    /// <summary>An idle server writes a few records into the next segment; more of it is not looked through.</summary>
    private const int MostBytes = 128 << 10;

    /// <summary>
    /// The moment at which nothing had been committed behind the segment; null when something had, or it cannot be told: the
    /// file is not in the server's own pg_wal, the server is a standby, or goes on on another timeline.
    /// </summary>
    internal static async ValueTask<DateTimeOffset?> SeenAsync(
        IFileSystem files,
        string path,
        WalFile file,
        string? dataDirectory,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (!file.IsWholeSegment || file.Segment is not { } segment || dataDirectory is null)
        {
            return null;
        }

        var folder = PosixPath.Parent(path);
        // Taken before the look: what is committed in between makes the look answer no.
        var now = time.GetUtcNow();
        try
        {
            return !MayHoldEnds(files, folder, segment.Next)
                && string.Equals(
                    files.RealPath(folder), files.RealPath(PosixPath.Combine(dataDirectory, "pg_wal")), StringComparison.Ordinal)
                && (await ServerDirectory.ReadControlAsync(files, dataDirectory, time, cancellationToken)).State
                    == DBState.InProduction
                && !files.List(folder).Any(entry => IsBehind(entry.Name, segment, out var other)
                    && entry.Name != segment.Next.ToString() && IsWritten(files, folder, other, entry.Name))
                    ? now
                    : null;
        }
        catch (LifeboatException)
        {
            // It only would have been told more: the push itself does not depend on it.
            return null;
        }
    }

    /// <summary>A segment of any timeline, or what a promotion left of one, with a higher number.</summary>
    private static bool IsBehind(string name, WalSegmentName segment, out WalSegmentName other)
    {
        other = default;
        return name.Length >= WalSegmentName.Length
            && WalSegmentName.TryParse(name.AsSpan(0, WalSegmentName.Length), segment.Size, out other)
            && other.Number > segment.Number;
    }

    /// <summary>Whether a transaction ends in the segment, as far as can be told from its beginning.</summary>
    private static bool MayHoldEnds(IFileSystem files, string folder, WalSegmentName segment)
    {
        if (!IsWritten(files, folder, segment, segment.ToString()))
        {
            return false;
        }

        using var file = files.OpenRead(PosixPath.Combine(folder, segment.ToString()));
        var content = new byte[Math.Min(MostBytes, segment.Size.Bytes)];
        var read = file.Read(content, 0);
        var reader = new WalRecordReader();
        reader.Supply(segment, content.AsMemory(0, read));
        while (reader.TryRead(out var record))
        {
            if (TransactionEnd.Matches(record))
            {
                return true;
            }
        }

        return reader.State != WalReaderState.EndOfWal || reader.HeadFragmentLength > 0 || reader.UnfinishedRecord is not null;
    }

    /// <summary>Files that wait to be used, new or again, begin with zeros or with the address of an older segment.</summary>
    private static bool IsWritten(IFileSystem files, string folder, WalSegmentName segment, string name)
    {
        try
        {
            using var file = files.OpenRead(PosixPath.Combine(folder, name));
            var page = new byte[WalPageHeader.LongLength];
            return file.Read(page, 0) == page.Length
                && WalSegmentHeader.Inspect(page, out var header) is null && header.Address == segment.Start;
        }
        catch (FileSystemException missing) when (missing.IsMissing)
        {
            return false;
        }
    }
}
