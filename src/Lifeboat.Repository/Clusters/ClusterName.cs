using Lifeboat.Platform.Errors;

namespace Lifeboat.Repository.Clusters;

/// <summary>The user's name for a cluster; part of every path, so of safe characters only.</summary>
public static class ClusterName
{
    public const string Default = "main";

    private const int MostCharacters = 63;

    public static bool IsValid(string name) =>
        name.Length is >= 1 and <= MostCharacters && char.IsAsciiLetterOrDigit(name[0])
        && name.All(static character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-');

    /// <exception cref="LifeboatException">Usage.</exception>
    public static string Checked(string name) => IsValid(name)
        ? name
        : throw new LifeboatException(new Failure(
            ErrorCode.Usage,
            "read --cluster",
            name,
            "it cannot be the name of a cluster",
            Hint: "Use 1 to 63 of a-z A-Z 0-9 _ -, beginning with a letter or digit."));
}
