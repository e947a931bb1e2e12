using Lifeboat.Platform.Errors;
using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Check;
using Lifeboat.Repository.Keys;
using Lifeboat.Storage;
using Lifeboat.Storage.Memory;
using Xunit;

namespace Lifeboat.Tests.Repository;

/// <summary>The objects of a repository, the backups that each of them belongs to, and a store to damage them in.</summary>
internal sealed class DamagedRepository
{
    private readonly MemoryObjectStore _store;
    private readonly RepositorySecret? _secret;
    private readonly Dictionary<string, string[]> _hurt;
    private readonly HashSet<string> _expired;

    private DamagedRepository(
        SortedDictionary<string, byte[]> objects,
        MemoryObjectStore store,
        RepositorySecret? secret,
        Dictionary<string, string[]> hurt,
        HashSet<string> expired)
    {
        Objects = objects;
        _store = store;
        _secret = secret;
        _hurt = hurt;
        _expired = expired;
    }

    internal SortedDictionary<string, byte[]> Objects { get; }

    internal static async Task<DamagedRepository> CreateAsync(bool encrypted)
    {
        var built = await RepositoryBuilder.CreateAsync(encrypted);
        var (first, second) = await built.FillAsync();
        var before = await StoreCopy.ReadAsync(built.Store);
        var expired = await built.BackupAsync(
            new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { ["x"] = [1] }, "0/2300028", "0/2300100");
        await built.ExpireAsync(expired);
        var objects = await StoreCopy.ReadAsync(built.Store);
        var hurt = objects.Keys.ToDictionary(name => name, name => Hurt(name, first, second), StringComparer.Ordinal);
        return new DamagedRepository(
            objects,
            await StoreCopy.WriteAsync(objects),
            built.Secret,
            hurt,
            [.. objects.Keys.Where(name => !before.ContainsKey(name))]);
    }

    internal static string KindOf(string name) => name switch
    {
        _ when name.StartsWith("keys/", StringComparison.Ordinal) => "key",
        _ when name.EndsWith("/manifest", StringComparison.Ordinal) => "manifest",
        _ when name.EndsWith("/tombstone", StringComparison.Ordinal) => "tombstone",
        _ when name.Contains(".backup-", StringComparison.Ordinal) => "label",
        _ when name.Contains("/claims/", StringComparison.Ordinal) => "claim",
        _ when name.Contains("/wal/", StringComparison.Ordinal) => "wal",
        _ when name.Split('/') is ["clusters", _, var folder, _] => folder,
        _ => name.Split('/')[^1],
    };

    internal IEnumerable<KeyValuePair<string, byte[]>> OneOfEachKind() =>
        Objects.GroupBy(pair => KindOf(pair.Key), StringComparer.Ordinal).Select(kind => kind.MinBy(pair => pair.Value.Length));

    /// <summary>Damages one object, checks, and heals it again.</summary>
    /// <param name="content">Null: the object is removed.</param>
    internal async Task AssertNamedAsync(string name, byte[]? content, string how, bool readData)
    {
        if (content is null)
        {
            await _store.DeleteAsync(new ObjectName(name), default);
        }
        else
        {
            await _store.ReplaceAsync(name, content);
        }

        try
        {
            await AssertNamedAsync(name, content is null, $"{name}: {how}", readData);
        }
        finally
        {
            await _store.ReplaceAsync(name, Objects[name]);
        }
    }

    private async Task AssertNamedAsync(string name, bool removed, string what, bool readData)
    {
        CheckReport report;
        try
        {
            var repository = await RepositoryRoot.OpenAsync(_store, _secret, TimeProvider.System, default);
            report = await RepositoryCheck.RunAsync(
                repository, new CheckOptions { ReadData = readData }, progress: null, default);
        }
        catch (LifeboatException failure)
        {
            // Whoever cannot open the repository names the object, without which there is nothing to check.
            var fatal = KindOf(name) is "key" or "lifeboat-repository";
            Assert.True(fatal, $"{what}: the check ended with {failure.Message}");
            Assert.True(
                failure.Message.Contains(name, StringComparison.Ordinal)
                || failure.Message.Contains("no repository here", StringComparison.Ordinal)
                || failure.Message.Contains("no key of it", StringComparison.Ordinal),
                $"{what}: {failure.Message}");
            return;
        }

        // What is removed goes by the name that it would have, and WAL that is not there has no content tag.
        var named = report.Findings.Where(finding => name == finding.Object
            || (removed && KindOf(name) == "wal" && name.StartsWith($"{finding.Object}-", StringComparison.Ordinal))).ToList();
        var all = string.Join("\n", report.Findings);
        Assert.True(named.Count > 0, $"{what}: not named in {all}");
        var harmless = removed && KindOf(name) is "index" or "claim";
        Assert.True(report.HasDamage || harmless || IsOfExpired(name), $"{what}: no damage in {all}");
        var hurt = named.SelectMany(finding => finding.HurtBackups).ToHashSet(StringComparer.Ordinal);
        Assert.True(_hurt[name].All(hurt.Contains), $"{what}: hurts {string.Join(", ", _hurt[name])}, not only {string.Join(", ", hurt)}: {all}");
    }

    /// <summary>Whether no backup that exists has anything to do with the object.</summary>
    internal bool IsOfExpired(string name) => _expired.Contains(name);

    private static string[] Hurt(string name, BackupManifest first, BackupManifest second) => KindOf(name) switch
    {
        "manifest" or "maps" => [.. new[] { first, second }
            .Where(backup => name.Contains(backup.Id, StringComparison.Ordinal)
                || name.EndsWith($"/{backup.MapRuns[0]}", StringComparison.Ordinal)).Select(backup => backup.Id)],
        "cluster" or "lineage" => [first.Id, second.Id],
        "wal" when name.Contains("/000000010000000000000020-", StringComparison.Ordinal) => [first.Id],
        "wal" when name.Contains("/000000010000000000000022-", StringComparison.Ordinal) => [second.Id],
        _ => [],
    };
}
