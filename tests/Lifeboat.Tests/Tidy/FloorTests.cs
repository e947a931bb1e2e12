using System.Text.RegularExpressions;
using Xunit;

namespace Lifeboat.Tests.Tidy;

/// <summary>The floors of docs/ARCHITECTURE.md: what a project may refer to.</summary>
public sealed partial class FloorTests
{
    private static readonly Dictionary<string, string[]> s_below = new(StringComparer.Ordinal)
    {
        ["Lifeboat.Platform"] = [],
        ["Lifeboat.Postgres"] = ["Lifeboat.Platform"],
        ["Lifeboat.Storage"] = ["Lifeboat.Platform"],
        ["Lifeboat.Storage.Cloud"] = ["Lifeboat.Platform", "Lifeboat.Storage"],
        ["Lifeboat.Repository"] = ["Lifeboat.Platform", "Lifeboat.Postgres", "Lifeboat.Storage"],
        ["Lifeboat.Engine"] = ["Lifeboat.Platform", "Lifeboat.Postgres", "Lifeboat.Repository", "Lifeboat.Storage"],
        ["Lifeboat.Server"] =
            ["Lifeboat.Engine", "Lifeboat.Platform", "Lifeboat.Postgres", "Lifeboat.Repository", "Lifeboat.Storage"],
        ["Lifeboat.Cli"] =
        [
            "Lifeboat.Engine", "Lifeboat.Platform", "Lifeboat.Postgres", "Lifeboat.Repository", "Lifeboat.Server",
            "Lifeboat.Storage", "Lifeboat.Storage.Cloud",
        ],
    };

    [Fact]
    public async Task A_project_refers_to_lower_floors_only()
    {
        var projects = (await TrackedFiles.ReadAsync()).Of(".csproj")
            .Where(file => file.Path.StartsWith("src/", StringComparison.Ordinal))
            .ToDictionary(
                file => Path.GetFileNameWithoutExtension(file.Path),
                file => Reference().Matches(file.Text).Select(match => match.Groups["name"].Value).ToList());
        Assert.Equal(s_below.Keys.Order(StringComparer.Ordinal), projects.Keys.Order(StringComparer.Ordinal));
        TrackedFiles.AssertNone(
            from project in projects
            from reference in project.Value
            where !s_below[project.Key].Contains(reference)
            select $"{project.Key} refers to {reference}");
    }

    [Fact]
    public async Task The_repository_names_nothing_of_a_server()
    {
        var files = await TrackedFiles.ReadAsync();
        TrackedFiles.AssertNone(files.Of(".cs")
            .Where(file => file.Path.StartsWith("src/Lifeboat.Repository/", StringComparison.Ordinal))
            .Matches(ServerUse()));
    }

    [GeneratedRegex(@"ProjectReference Include=""[^""]*/(?<name>[\w.]+)\.csproj""", RegexOptions.ExplicitCapture)]
    private static partial Regex Reference();

    [GeneratedRegex(@"Lifeboat\.Postgres\.Server|Npgsql")]
    private static partial Regex ServerUse();
}
