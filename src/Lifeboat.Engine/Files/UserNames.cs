using System.Globalization;
using System.Text;
using Lifeboat.Platform.Files;

namespace Lifeboat.Engine.Files;

/// <summary>Names of the system's users, from /etc/passwd: numbers differ between hosts.</summary>
internal static class UserNames
{
    private const string Path = "/etc/passwd";
    private const int MostBytes = 1 << 20;
    private const int IdField = 2;
    private const int GroupField = 3;

    /// <summary>The name of a user id; null when it has none.</summary>
    internal static string? NameOf(IFileSystem files, uint id) =>
        Lines(files).FirstOrDefault(fields => Id(fields, IdField) == id)?[0];

    /// <summary>User and group id of a name; null when there is no such user.</summary>
    internal static (uint User, uint Group)? IdsOf(IFileSystem files, string name) =>
        Lines(files).FirstOrDefault(fields => fields[0] == name) is { } fields
        && Id(fields, IdField) is { } user && Id(fields, GroupField) is { } group
            ? (user, group)
            : null;

    private static uint? Id(string[] fields, int field) =>
        uint.TryParse(fields[field], CultureInfo.InvariantCulture, out var id) ? id : null;

    private static IEnumerable<string[]> Lines(IFileSystem files)
    {
        byte[] content;
        try
        {
            using var file = files.OpenRead(Path);
            content = new byte[Math.Min(file.Status().Size, MostBytes)];
            file.Read(content, 0);
        }
        catch (FileSystemException)
        {
            return [];
        }

        return Encoding.UTF8.GetString(content).Split('\n')
            .Select(line => line.Split(':'))
            .Where(fields => fields.Length > GroupField);
    }
}
