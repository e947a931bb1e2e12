using Lifeboat.Platform.Errors;

namespace Lifeboat.Postgres.Format;

/// <summary>The failure of a file of PostgreSQL's whose content is not what PostgreSQL writes.</summary>
internal static class Unreadable
{
    /// <param name="file">The kind of file: <c>backup_label</c>.</param>
    /// <param name="cause">What is wrong with it, and where.</param>
    public static LifeboatException File(string file, string cause, Exception? inner = null) =>
        new(
            new Failure(
                ErrorCode.Damaged,
                $"read {file}",
                Subject: "",
                cause,
                Hint: "take the file from another copy: PostgreSQL does not write it like this"),
            inner);
}
