using System.Globalization;
using System.Security.Cryptography;

namespace Lifeboat.Repository.Backups;

/// <summary>The id of a backup: the second it began, and a random part. Ids sort by time.</summary>
public static class BackupId
{
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    public static string New(DateTimeOffset start) =>
        $"{start.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}-"
        + RandomNumberGenerator.GetHexString(6, lowercase: true);

    public static bool IsValid(string id) =>
        id.Length == 23 && id[16] == '-'
        && !id.AsSpan(17).ContainsAnyExcept("0123456789abcdef")
        && DateTime.TryParseExact(
            id.AsSpan(0, 16), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);
}
