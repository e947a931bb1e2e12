using Lifeboat.Repository;
using Lifeboat.Repository.Backups;
using Lifeboat.Repository.Clusters;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Lifeboat.Storage.Memory;
using Lifeboat.Testing.Simulation;
using Lifeboat.Tests.Repository;

namespace Lifeboat.Tests.Locks;

/// <summary>A repository whose objects are locked, in memory and in virtual time, and the store below it as an attacker has it.</summary>
internal sealed class LockedWorld
{
    private LockedWorld(LockTerms terms)
    {
        Terms = terms;
        Versions = new MemoryObjectStore(Clock, versions: true);
        Store = new LockedStore(Versions, LockedNames.Covers, terms, Clock);
    }

    internal static LockTerms ThirtyDays { get; } = new(LockMode.Compliance, TimeSpan.FromDays(30));

    internal VirtualClock Clock { get; } = new();

    internal LockTerms Terms { get; }

    internal MemoryObjectStore Versions { get; }

    internal LockedStore Store { get; }

    internal RepositoryBuilder Builder { get; private set; } = null!;

    internal Cluster Cluster => Builder.Cluster;

    internal static async Task<LockedWorld> CreateAsync(LockTerms? terms = null)
    {
        var world = new LockedWorld(terms ?? ThirtyDays);
        await RepositoryRoot.InitAsync(world.Stores(), secret: null, world.Terms, world.Clock, default);
        world.Builder = await RepositoryBuilder.CreateAsync(store: world.Store, time: world.Clock);
        return world;
    }

    internal RepositoryStores Stores() => RepositoryStores.Of(Versions, Versions, Clock, static store => store);

    internal ValueTask<RepositoryRoot> OpenAsync() => RepositoryRoot.OpenAsync(Stores(), secret: null, Clock, default);

    internal Task<BackupManifest> BackupAsync(int seed) =>
        Builder.BackupAsync(RepositoryBuilder.Files(seed), "0/2000028", "0/2000100");

    internal async Task<List<ObjectFacts>> VersionsAsync(string prefix = "")
    {
        var found = new List<ObjectFacts>();
        await foreach (var facts in Versions.ListVersionsAsync(prefix, default))
        {
            found.Add(facts);
        }

        return found;
    }

    internal async Task<DateTimeOffset?> UntilAsync(ObjectFacts facts) =>
        (await Versions.ReadRetentionAsync(new ObjectVersion(facts.Name, facts.Version!), default))?.Until;

    /// <summary>What a writer's credentials can do to every object: put another over it, and a marker in front.</summary>
    internal async Task OverwriteAndDeleteAllAsync()
    {
        foreach (var facts in await VersionsAsync())
        {
            await Versions.PutAsync(facts.Name, "attacked"u8.ToArray(), PutCondition.Overwrite, default);
            await Versions.DeleteAsync(facts.Name, default);
        }
    }
}
