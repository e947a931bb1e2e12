namespace Lifeboat.Repository.Backups;

/// <summary>A word by which rules choose backups: as a cluster's name, so that it needs no quotes anywhere.</summary>
public static class BackupTag
{
    private const int MostCharacters = 63;

    /// <summary>1 to 63 of <c>a-z A-Z 0-9 _ - .</c>, beginning with a letter or a digit.</summary>
    public static bool IsValid(string text) =>
        text.Length is >= 1 and <= MostCharacters && char.IsAsciiLetterOrDigit(text[0])
        && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.');
}
