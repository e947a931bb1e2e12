using System.Text;
using System.Text.RegularExpressions;
using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Tidy;

/// <summary>The text files that git keeps, as they are in the work tree. Fixtures are data and are left out.</summary>
internal static class TrackedFiles
{
    /// <summary>Path from the root, and content.</summary>
    public static async Task<IReadOnlyList<(string Path, string Text)>> ReadAsync()
    {
        // The tree may belong to another user than the one who tests, as in a container.
        var listed = await RunningProgram.RunAsync(new ProgramStart(
            "git", "-c", "safe.directory=*", "-C", RepositoryFolder.Root, "ls-files", "-z"));
        var files = listed.Expect().Output
            .Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Where(path => !path.StartsWith("tests/fixtures/", StringComparison.Ordinal))
            .Select(path => (Path: path, Full: Path.Combine(RepositoryFolder.Root, path)))
            .Where(file => File.Exists(file.Full))
            .Select(file => (file.Path, Bytes: File.ReadAllBytes(file.Full)))
            .Where(file => !file.Bytes.Contains((byte)0))
            .Select(file => (file.Path, Encoding.UTF8.GetString(file.Bytes)))
            .ToList();

        // An empty answer would make every rule hold.
        return files.Count > 100
            ? files
            : throw new InvalidOperationException($"git names only {files.Count} files in {RepositoryFolder.Root}");
    }

    /// <summary>One line for each match: where it is and what it says.</summary>
    public static IEnumerable<string> Matches(
        this IEnumerable<(string Path, string Text)> files, Regex pattern) =>
        from file in files
        from line in file.Text.Split('\n').Index()
        where pattern.IsMatch(line.Item)
        select $"{file.Path}:{line.Index + 1}: {line.Item.Trim()}";

    /// <summary>Fails with all findings: Assert.Empty would show the beginnings of the first five.</summary>
    public static void AssertNone(IEnumerable<string> findings)
    {
        var all = findings.ToList();
        if (all.Count > 0)
        {
            Assert.Fail(string.Join('\n', all));
        }
    }

    public static IEnumerable<(string Path, string Text)> Of(
        this IEnumerable<(string Path, string Text)> files, string extension) =>
        files.Where(file => file.Path.EndsWith(extension, StringComparison.Ordinal));
}
