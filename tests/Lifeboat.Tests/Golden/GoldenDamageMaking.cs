using System.Text.Json.Nodes;
using Lifeboat.Testing.Golden;
using Xunit;

namespace Lifeboat.Tests.Golden;

/// <summary>
/// Chooses damages of each golden repository and writes down what is said of them; run by <c>eng/golden</c> alone. Nothing is
/// written when the restores contradict the check, or when anything comes back that is neither whole nor an error.
/// </summary>
public sealed class GoldenDamageMaking
{
    [Theory(Explicit = true)]
    [InlineData("plain")]
    [InlineData("keyfile")]
    [InlineData("passphrase")]
    public async Task Damages(string name)
    {
        var made = new JsonArray();
        var contradictions = new List<string>();
        foreach (var damage in GoldenDamageChoice.Of(name))
        {
            using var copy = new GoldenCopy(name);
            damage.Apply(copy);
            var said = await damage.ObserveAsync(copy, _ => true);
            contradictions.AddRange(Contradictions(damage, said));
            made.Add(damage.With(said));
        }

        Assert.True(contradictions.Count == 0, string.Join('\n', contradictions));
        new GoldenRepository(name).Write("damages.json", made);
    }

    private static IEnumerable<string> Contradictions(GoldenDamage damage, JsonObject said)
    {
        var hurt = GoldenDamage.HurtOf(said);
        foreach (var (backup, how) in said["restores"]!.AsObject())
        {
            var id = backup.Split('/')[^1];
            var findings = said["checkReadData"]!["findings"]?.ToJsonString();
            // A backup that does not exist any more is told as damage by itself; a newer format is refused as a whole.
            var isTold = hurt.Contains(id) || findings is null || findings.Contains($"{id}/", StringComparison.Ordinal)
                || (string)how! == "unknownFormat";
            if ((string)how! is "SOMETHING ELSE" || ((string)how! != "whole" && !isTold)
                || ((string)how! == "whole" && hurt.Contains(id) && !damage.IsCareful))
            {
                yield return $"{damage.Name}: {backup} restores as {how}; hurt are {string.Join(' ', hurt)}";
            }
        }

        foreach (var (file, how) in said["fetched"]!.AsObject().Where(pair => (string)pair.Value! == "SOMETHING ELSE"))
        {
            yield return $"{damage.Name}: {file} is fetched as {how}";
        }

        var told = said["checkReadData"]!["findings"]?.ToJsonString() ?? "";
        if ((int)said["checkReadData"]!["exitCode"]! == 0 && !damage.IsUntold
            && !damage.Objects.Any(name => told.Contains(name, StringComparison.Ordinal)))
        {
            yield return $"{damage.Name}: check --read-data tells nothing";
        }
    }
}
