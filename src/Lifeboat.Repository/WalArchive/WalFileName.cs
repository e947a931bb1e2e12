using Lifeboat.Postgres.Format;

namespace Lifeboat.Repository.WalArchive;

/// <summary>The four forms of names that PostgreSQL gives to <c>archive_command</c> and <c>restore_command</c>.</summary>
public static class WalFileName
{
    private const string Partial = ".partial";
    private const string History = ".history";
    private const string Backup = ".backup";

    public static bool IsSegment(string name) => WalSegmentName.HasForm(name);

    public static bool IsPartial(string name) =>
        name.EndsWith(Partial, StringComparison.Ordinal) && WalSegmentName.HasForm(name.AsSpan(0, name.Length - Partial.Length));

    public static bool IsHistory(string name) =>
        name.Length == 8 + History.Length && name.EndsWith(History, StringComparison.Ordinal)
        && Timeline.TryParseHex(name.AsSpan(0, 8), out _);

    /// <summary><c>SEGMENT.OFFSET.backup</c>, the offset in eight hexadecimal digits.</summary>
    public static bool IsBackupLabel(string name) =>
        name.Length == WalSegmentName.Length + 9 + Backup.Length && name.EndsWith(Backup, StringComparison.Ordinal)
        && WalSegmentName.HasForm(name.AsSpan(0, WalSegmentName.Length)) && name[WalSegmentName.Length] == '.'
        && Timeline.IsUpperHex(name.AsSpan(WalSegmentName.Length + 1, 8));

    /// <summary>One of PostgreSQL's own.</summary>
    public static bool IsValid(string name) =>
        IsSegment(name) || IsHistory(name) || IsPartial(name) || IsBackupLabel(name);

    /// <summary>Whether a file of this name can be in the archive: PostgreSQL's, and pieces of segments.</summary>
    public static bool IsArchived(string name) => IsValid(name) || WalPieceName.TryParse(name, out _);
}
