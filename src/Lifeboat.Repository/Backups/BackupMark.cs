namespace Lifeboat.Repository.Backups;

/// <summary>
/// What somebody says of a backup: an object of its own beside the manifest, never rewritten. What counts is decided by
/// <see cref="BackupNotes"/>.
/// </summary>
/// <param name="Backup">The backup's id.</param>
/// <param name="Kind">One of the constants here.</param>
/// <param name="Text">The reason of a pin, the text of an annotation.</param>
/// <param name="Tags">All tags of the backup; of the kind <see cref="OfTags"/> alone.</param>
/// <param name="Until">When a pin ends; null when it never does.</param>
/// <param name="At">When it was set, by the clock of <paramref name="Host"/>; orders nothing.</param>
public sealed record BackupMark(
    string Backup, string Kind, string? Text, string[]? Tags, DateTimeOffset? Until, DateTimeOffset At, string Host)
{
    public const string OfPin = "pin";
    public const string OfUnpin = "unpin";
    public const string OfAnnotation = "annotation";
    public const string OfTags = "tags";

    /// <summary>Why the mark says nothing that this program understands; null when it does.</summary>
    internal string? Fault => Kind switch
    {
        OfPin or OfAnnotation => Text is null ? "it has no text" : null,
        OfUnpin => null,
        OfTags => Tags is null ? "it has no tags" : Array.Find(Tags, tag => !BackupTag.IsValid(tag)) is { } wrong
            ? $"'{wrong}' is no tag" : null,
        _ => $"a mark of the kind '{Kind}' is not known",
    };
}
