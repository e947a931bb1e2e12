namespace Lifeboat.Repository.Backups;

/// <summary>
/// What counts of the marks of a backup. Marks have serial numbers, and of each subject (pin, tags, annotation) those
/// with
/// the highest one count; so no clock decides. Several hosts may have taken the same number at once: then a pin counts
/// before an unpin, of pins the one that ends last, all tags together, and all annotations in the order of their texts.
/// </summary>
/// <param name="Tags">In ordinal order.</param>
/// <param name="Pin">Null when it is not pinned; one that has ended is still here.</param>
/// <param name="Annotation">Null when there is none.</param>
public sealed record BackupNotes(IReadOnlyList<string> Tags, BackupPin? Pin, string? Annotation)
{
    public static readonly BackupNotes None = new([], Pin: null, Annotation: null);

    /// <param name="marks">Of one backup, with their serials; any order.</param>
    public static BackupNotes Of(IEnumerable<(uint Serial, BackupMark Mark)> marks)
    {
        var all = marks.ToList();
        var pins = Newest(all, BackupMark.OfPin, BackupMark.OfUnpin);
        var tags = Newest(all, BackupMark.OfTags);
        var texts = Newest(all, BackupMark.OfAnnotation);
        var pin = pins.Where(mark => mark.Kind == BackupMark.OfPin)
            .OrderByDescending(mark => mark.Until ?? DateTimeOffset.MaxValue)
            .ThenBy(mark => mark.Text, StringComparer.Ordinal)
            .FirstOrDefault();
        return new BackupNotes(
            [.. tags.SelectMany(mark => mark.Tags!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            pin is null ? null : new BackupPin(pin.Text!, pin.Until),
            texts.Count == 0 ? null
                : string.Join("; ", texts.Select(mark => mark.Text).Distinct().Order(StringComparer.Ordinal)));
    }

    private static List<BackupMark> Newest(List<(uint Serial, BackupMark Mark)> marks, params string[] kinds)
    {
        var fitting = marks.Where(item => kinds.Contains(item.Mark.Kind, StringComparer.Ordinal)).ToList();
        var newest = fitting.Select(item => item.Serial).DefaultIfEmpty().Max();
        return [.. fitting.Where(item => item.Serial == newest).Select(item => item.Mark)];
    }
}

/// <summary>A backup that no rule removes.</summary>
/// <param name="Until">When it ends; null when it never does.</param>
public sealed record BackupPin(string Reason, DateTimeOffset? Until)
{
    public bool HoldsAt(DateTimeOffset now) => Until is not { } end || end > now;
}
