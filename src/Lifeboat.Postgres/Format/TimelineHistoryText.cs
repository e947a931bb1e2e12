using System.Globalization;
using System.Text;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Postgres.Format;

/// <summary>
/// The text of a history file (timeline.c): one line per ancestor, <c>timeline TAB lsn TAB reason</c>. Blank lines and
/// lines that begin with <c>#</c> are passed over. PostgreSQL puts a blank line before each entry that it adds. More
/// strict than PostgreSQL: an entry needs its line break, since a position may be cut and still be one.
/// </summary>
public sealed partial class TimelineHistory
{
    /// <param name="timeline">The timeline that the file's name gives.</param>
    /// <param name="text">The whole file.</param>
    /// <exception cref="LifeboatException">
    /// Damaged: a line that is none, entries out of order, or no entry at all. A file without an entry is what a crash
    /// or a full disk leaves, and would make every older timeline look foreign.
    /// </exception>
    public static TimelineHistory Parse(Timeline timeline, ReadOnlySpan<byte> text)
    {
        var name = FileName(timeline);
        var entries = new List<TimelineHistoryEntry>();
        var number = 0;
        foreach (var range in text.Split((byte)'\n'))
        {
            number++;
            var line = text[range].Trim(" \t\r\v\f"u8);
            if (line.IsEmpty || line[0] == '#')
            {
                continue;
            }

            if (range.End.Value == text.Length)
            {
                throw Unreadable.File(name, "the last line is cut off");
            }

            entries.Add(ParseLine(line) ?? throw Unreadable.File(
                name, $"line {number} is not a timeline and a position such as 16/B374D848"));
        }

        if (entries.Count == 0)
        {
            throw Unreadable.File(name, "it names no timeline: an empty history cannot be told from a lost one");
        }

        return FindDisorder(timeline, entries.ToArray()) is { } disorder
            ? throw Unreadable.File(name, disorder)
            : new TimelineHistory(timeline, entries);
    }

    /// <summary>The file's bytes, as PostgreSQL writes them when it grows the file by one timeline at a time.</summary>
    public byte[] Format()
    {
        var text = new StringBuilder();
        foreach (var entry in _entries)
        {
            if (text.Length > 0)
            {
                text.Append('\n');
            }

            text.Append(CultureInfo.InvariantCulture, $"{entry.Timeline}\t{entry.SwitchPoint}\t{entry.Reason}\n");
        }

        return PosixPath.Encode(text.ToString());
    }

    private static TimelineHistoryEntry? ParseLine(ReadOnlySpan<byte> line)
    {
        var blanks = " \t\r\v\f"u8;
        var idEnd = line.IndexOfAny(blanks);
        if (idEnd < 0 || !uint.TryParse(line[..idEnd], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || id == 0)
        {
            return null;
        }

        var rest = line[idEnd..].TrimStart(blanks);
        var lsnEnd = rest.IndexOfAny(blanks);
        var lsnText = lsnEnd < 0 ? rest : rest[..lsnEnd];
        if (lsnText.Length > 17 || !Lsn.TryParse(Encoding.ASCII.GetString(lsnText), out var lsn))
        {
            return null;
        }

        // A NUL ends the line for PostgreSQL, too.
        var reason = lsnEnd < 0 ? default : rest[lsnEnd..].TrimStart(blanks);
        var nul = reason.IndexOf((byte)0);
        return new TimelineHistoryEntry(new Timeline(id), lsn, PosixPath.Decode(nul < 0 ? reason : reason[..nul]));
    }
}
