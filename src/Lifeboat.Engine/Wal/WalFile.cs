using Lifeboat.Engine.Files;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Repository.WalArchive;

namespace Lifeboat.Engine.Wal;

/// <summary>
/// A WAL file on the server, read whole and found to be what its name says. What its records hold is not judged: the
/// archive keeps what PostgreSQL wrote, and the summary says how far it can be read.
/// </summary>
/// <param name="Name">In pg_wal.</param>
/// <param name="Timeline">That the name gives.</param>
/// <param name="Header">What the first page says; null unless it is a segment or a partial one.</param>
/// <param name="Segment">The name taken apart; null unless it is a segment or a partial one.</param>
internal sealed record WalFile(
    string Name, byte[] Content, Timeline Timeline, WalSegmentHeader? Header, WalSegmentName? Segment)
{
    private const int MostSegmentBytes = 1 << 30;
    private const int MostTextBytes = 1 << 20;

    internal bool IsWholeSegment => WalFileName.IsSegment(Name);

    /// <summary>Whether its timeline is one that this server writes, and not one that a promotion left behind.</summary>
    internal bool NeedsClaim => !WalFileName.IsPartial(Name);

    /// <exception cref="LifeboatException">
    /// Usage: the name is not that of a WAL file. Damaged or Mismatch: the content contradicts the name. Or an error of the
    /// file system.
    /// </exception>
    internal static WalFile Read(IFileSystem files, string path)
    {
        var name = PosixPath.Name(path);
        if (!WalFileName.IsValid(name) || !Timeline.TryParseHex(name.AsSpan(0, 8), out var timeline))
        {
            throw new LifeboatException(new Failure(
                ErrorCode.Usage,
                "archive WAL",
                PosixPath.Display(path),
                "this is not the name of a WAL segment, a .partial, a .history or a .backup file",
                Hint: "archive_command must be 'lifeboat wal push %p'."));
        }

        var isWal = WalFileName.IsSegment(name) || WalFileName.IsPartial(name);
        var content = WholeFile.Read(files, path, isWal ? MostSegmentBytes : MostTextBytes);
        if (isWal)
        {
            return OfSegment(path, name, content, timeline);
        }

        if (WalFileName.IsHistory(name))
        {
            CheckHistory(path, content, timeline);
        }

        return new WalFile(name, content, timeline, Header: null, Segment: null);
    }

    private static WalFile OfSegment(string path, string name, byte[] content, Timeline timeline)
    {
        if (WalSegmentHeader.Inspect(content, out var header) is { } fault)
        {
            throw Refused(path, ErrorCode.Damaged, fault);
        }

        var size = new WalSegmentSize((int)header.SegmentBytes);
        if (!WalSegmentName.TryParse(name.AsSpan(0, WalSegmentName.Length), size, out var segment))
        {
            throw Refused(path, ErrorCode.Mismatch, $"there is no segment of this name where segments have {size}");
        }

        // The system identifier is compared with the lineage's, when that is known.
        if (header.Contradicts(segment, systemIdentifier: null) is { } contradiction)
        {
            throw Refused(path, ErrorCode.Mismatch, contradiction);
        }

        var isWhole = WalFileName.IsSegment(name);
        return content.Length == size.Bytes || (!isWhole && content.Length < size.Bytes)
            ? new WalFile(name, content, timeline, header, segment)
            : throw Refused(path, ErrorCode.Damaged, $"it has {content.Length} bytes, and a segment has {size.Bytes}");
    }

    private static void CheckHistory(string path, byte[] content, Timeline timeline)
    {
        try
        {
            TimelineHistory.Parse(timeline, content);
        }
        catch (LifeboatException damaged)
        {
            throw new LifeboatException(
                damaged.Failure with
                {
                    Operation = "archive WAL",
                    Subject = PosixPath.Display(path),
                    Hint = "PostgreSQL does not write such a file; it would make recovery go astray. Look at it, and at "
                        + "whether the disk was full when the server was promoted.",
                },
                damaged);
        }
    }

    private static LifeboatException Refused(string path, ErrorCode code, string cause) =>
        new(new Failure(
            code,
            "archive WAL",
            PosixPath.Display(path),
            cause,
            Hint: "Nothing was archived. Check that the path is that of the server's own pg_wal; if it is, the file is "
                + "damaged, and what is needed is a new backup of this server."));
}
