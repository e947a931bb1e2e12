using System.Text.Json.Nodes;
using Lifeboat.Testing;
using Lifeboat.Testing.Golden;
using Xunit;

namespace Lifeboat.Tests.Golden;

/// <summary>
/// Damages of golden repositories, each with the verdict that was agreed to when it was made: what a check names, with and
/// without reading data, and what a restore and a fetch come to. The restores judge the check: hurt is what does not restore.
/// </summary>
public sealed class GoldenDamageTests
{
    private const int InOneRun = 14;

    /// <summary>Repository, and place of the damage in its list.</summary>
    public static TheoryData<string, string> Damages() =>
    [
        .. Sample.Of("golden damages", InOneRun, GoldenRepository.Names.SelectMany(
            name => new GoldenRepository(name).Damages.Select(damage => (name, (string)damage!["name"]!)))),
    ];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task It_is_told_as_it_was_and_hurts_the_backups_that_do_not_restore(string repository, string name)
    {
        using var copy = new GoldenCopy(repository);
        var damage = new GoldenDamage(
            copy.Golden.Damages.Single(damage => (string)damage!["name"]! == name)!.AsObject());
        damage.Apply(copy);
        var expected = damage.Expected!;
        var restored = Sample.Of(
            name, 3, expected["restores"]!.AsObject().Select(pair => pair.Key.Split('/')[^1])).ToHashSet();

        var said = await damage.ObserveAsync(copy, restored.Contains);

        foreach (var key in new[] { "check", "checkReadData", "fetched" })
        {
            Assert.Equal("", GoldenJson.Difference(expected[key], said[key]));
        }

        Assert.NotEmpty(said["restores"]!.AsObject());
        foreach (var (backup, how) in said["restores"]!.AsObject())
        {
            Assert.Equal((string)expected["restores"]![backup]!, (string)how!);
        }
    }

    [Fact]
    public void Each_kind_of_object_and_of_damage_is_among_them()
    {
        var damages = GoldenRepository.Names.SelectMany(name => new GoldenRepository(name).Damages).ToList();
        var changes = damages.SelectMany(damage => damage!["changes"]!.AsArray()).ToList();
        Assert.Equal(
            ["bring", "flip", "patch", "remove", "swap", "truncate"],
            changes.Select(change => (string)change!["do"]!).Distinct().Order(StringComparer.Ordinal));
        Assert.True(damages.Count >= 40);
        foreach (var kind in new[]
        {
            "lifeboat-repository", "keys/", "/cluster", "/lineage", "/claims/", "/packs/", "/maps/", "/index/", "/manifest",
            "/complete", "/tombstone", "/marks/", "/wal/", ".history-", "/pieces/", "/catalogs/", "/expired-wal/", "/condemned/",
        })
        {
            Assert.Contains(changes, change => ((string)change!["object"]!).Contains(kind, StringComparison.Ordinal));
        }
    }
}
