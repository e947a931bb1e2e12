using System.Globalization;
using System.Text;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;

namespace Lifeboat.Postgres.Format;

/// <summary>A line of <c>tablespace_map</c>: <c>pg_tblspc/oid</c> becomes a link to the path.</summary>
public sealed record TablespaceMapEntry(uint Oid, string Path);

/// <summary>
/// The file <c>tablespace_map</c> (written by do_pg_backup_start, xlog.c; read by read_tablespace_map,
/// xlogrecovery.c): per tablespace <c>oid SPACE path</c>. A line break within a path has a backslash before it. From 14
/// on a backslash has one, too; up to 13 it stands for itself, so that a path with a backslash before a line break is
/// not kept.
/// </summary>
public static class TablespaceMap
{
    public const string FileName = "tablespace_map";

    private const int FirstMajorThatEscapesBackslash = 14;

    /// <param name="text">The whole file; an empty one has no tablespace.</param>
    /// <param name="major">Major of the server that wrote it.</param>
    /// <exception cref="LifeboatException">Damaged: a line that is none, or the same tablespace twice.</exception>
    public static IReadOnlyList<TablespaceMapEntry> Parse(ReadOnlySpan<byte> text, int major)
    {
        if (text.Contains((byte)0))
        {
            throw Unreadable.File(FileName, "it contains a NUL byte");
        }

        var entries = new List<TablespaceMapEntry>();
        var line = new List<byte>();
        for (var at = 0; at < text.Length; at++)
        {
            var value = text[at];
            if (value == '\\' && at + 1 < text.Length && IsEscaped(text[at + 1], major))
            {
                line.Add(text[++at]);
            }
            else if (value is (byte)'\n' or (byte)'\r')
            {
                Add(entries, line);
            }
            else
            {
                line.Add(value);
            }
        }

        return line.Count == 0 ? entries : throw Unreadable.File(FileName, "the last line is cut off");
    }

    /// <summary>The file's bytes, as the server of this major reads them.</summary>
    public static byte[] Format(IEnumerable<TablespaceMapEntry> entries, int major)
    {
        var text = new StringBuilder();
        foreach (var entry in entries)
        {
            text.Append(CultureInfo.InvariantCulture, $"{entry.Oid} ");
            foreach (var character in entry.Path)
            {
                if (character < 0x80 && IsEscaped((byte)character, major))
                {
                    text.Append('\\');
                }

                text.Append(character);
            }

            text.Append('\n');
        }

        return PosixPath.Encode(text.ToString());
    }

    private static bool IsEscaped(byte value, int major) =>
        value is (byte)'\n' or (byte)'\r' || (value == '\\' && major >= FirstMajorThatEscapesBackslash);

    private static void Add(List<TablespaceMapEntry> entries, List<byte> line)
    {
        if (line.Count == 0)
        {
            return;
        }

        var bytes = line.ToArray().AsSpan();
        line.Clear();
        var space = bytes.IndexOf((byte)' ');
        if (space < 1 || space == bytes.Length - 1
            || !uint.TryParse(bytes[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var oid) || oid == 0)
        {
            throw Unreadable.File(FileName, "a line is not the number of a tablespace and a path");
        }

        if (entries.Exists(entry => entry.Oid == oid))
        {
            throw Unreadable.File(FileName, $"tablespace {oid} comes twice");
        }

        entries.Add(new TablespaceMapEntry(oid, PosixPath.Decode(bytes[(space + 1)..])));
    }
}
