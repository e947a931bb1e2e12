using Lifeboat.Storage;
using Lifeboat.Storage.Locks;
using Lifeboat.Storage.Memory;

namespace Lifeboat.Testing.Simulation;

/// <summary>Versions and their locks: each request takes its turn, costs time and may be the last, as the others do.</summary>
public sealed partial class SimulatedStore
{
    public ValueTask<PutOutcome> PutAsync(
        ObjectName name,
        ReadOnlyMemory<byte> content,
        PutCondition condition,
        ObjectRetention retention,
        CancellationToken cancellationToken) =>
        PutAsync(
            name,
            () => storage.Memory.PutAsync(name, content, condition, retention, cancellationToken),
            cancellationToken);

    /// <summary>
    /// Where the store forgets locks of uploads in parts, the lock of what is named so is asked for and set behind the put, as the
    /// client of S3 does: a process may die between.
    /// </summary>
    public ValueTask<IObjectWriter> CreateAsync(
        ObjectName name, ObjectRetention retention, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(new MemoryObjectWriter(name, storage.ForgetsLockOf(name) ? PutInPartsAsync : PutWholeAsync));

        ValueTask<PutOutcome> PutWholeAsync(ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken token) =>
            PutAsync(name, content, condition, retention, token);

        async ValueTask<PutOutcome> PutInPartsAsync(
            ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken token)
        {
            var outcome = await PutAsync(name, content, condition, token);
            if (outcome == PutOutcome.Created && await StatAsync(name, token) is { Version: { } version })
            {
                await WriteRetentionAsync(new ObjectVersion(name, version), retention, bypass: false, token);
            }

            return outcome;
        }
    }

    public async ValueTask<IReadOnlyList<string>> ListChildrenOfVersionsAsync(
        string prefix, CancellationToken cancellationToken)
    {
        StorePrefix.RequireDirectory(prefix);
        return Children(prefix, await ListVersionsOnceAsync(prefix, cancellationToken));
    }

    public ValueTask<ObjectRetention?> ReadRetentionAsync(ObjectVersion version, CancellationToken cancellationToken) =>
        AskAsync(
            "lock", version.Name.Value, () => storage.Memory.ReadRetentionAsync(version, cancellationToken), cancellationToken);

    public async ValueTask WriteRetentionAsync(
        ObjectVersion version, ObjectRetention retention, bool bypass, CancellationToken cancellationToken) =>
        await AskAsync(
            "extend",
            version.Name.Value,
            async () =>
            {
                await storage.Memory.WriteRetentionAsync(version, retention, bypass, cancellationToken);
                return true;
            },
            cancellationToken);

    public async ValueTask DeleteVersionAsync(
        ObjectVersion version, bool bypass, CancellationToken cancellationToken) =>
        await AskAsync(
            "delete",
            version.Name.Value,
            async () =>
            {
                await storage.RemoveAsync(version, bypass, cancellationToken);
                return true;
            },
            cancellationToken);

    private ValueTask<IReadOnlyList<ObjectFacts>> ListVersionsOnceAsync(string prefix, CancellationToken cancellationToken) =>
        AskAsync("list", prefix, () => storage.Versions.ListAsync(prefix, cancellationToken), cancellationToken);
}
