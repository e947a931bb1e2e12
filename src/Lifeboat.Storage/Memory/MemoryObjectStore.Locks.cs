using System.Globalization;
using Lifeboat.Platform.Errors;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Storage.Memory;

/// <summary>Locks of versions, as a store of S3 has them.</summary>
public sealed partial class MemoryObjectStore
{
    /// <summary>Whether who asks for it may bypass governance, as an administrator may.</summary>
    public bool MayBypassGovernance { get; set; }

    public ValueTask<PutOutcome> PutAsync(
        ObjectName name,
        ReadOnlyMemory<byte> content,
        PutCondition condition,
        ObjectRetention retention,
        CancellationToken cancellationToken)
    {
        RequireVersions();
        return PutAsync(name, content, condition, (ObjectRetention?)retention, cancellationToken);
    }

    public ValueTask<IObjectWriter> CreateAsync(
        ObjectName name, ObjectRetention retention, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RequireVersions();
        return new(new MemoryObjectWriter(
            name, (content, condition, token) => PutAsync(name, content, condition, (ObjectRetention?)retention, token)));
    }

    public async ValueTask<IReadOnlyList<string>> ListChildrenOfVersionsAsync(
        string prefix, CancellationToken cancellationToken)
    {
        StorePrefix.RequireDirectory(prefix);
        var children = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var facts in ListVersionsAsync(prefix, cancellationToken))
        {
            var rest = facts.Name.Value[prefix.Length..];
            children.Add(rest[..(rest.IndexOf('/') is var slash and >= 0 ? slash + 1 : rest.Length)]);
        }

        return [.. children];
    }

    public ValueTask<ObjectRetention?> ReadRetentionAsync(ObjectVersion version, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return new(Lockable(version).Retention);
        }
    }

    public ValueTask WriteRetentionAsync(
        ObjectVersion version, ObjectRetention retention, bool bypass, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            var stored = Lockable(version);
            if (InForce(stored, bypass) is { } held && (retention.Until < held.Until || retention.Mode < held.Mode))
            {
                throw Refused(version, held);
            }

            stored.Retention = retention;
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteVersionAsync(ObjectVersion version, bool bypass, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RequireVersions();
        lock (_lock)
        {
            Remove(version, bypass);
        }

        return ValueTask.CompletedTask;
    }

    private void Remove(ObjectVersion version, bool bypass)
    {
        if (!_objects.TryGetValue(version.Name.Value, out var all)
            || all.Find(one => one.Facts.Version == version.Version) is not { } stored)
        {
            return;
        }

        if (InForce(stored, bypass) is { } held)
        {
            throw Refused(version, held);
        }

        all.Remove(stored);
        if (all.Count == 0)
        {
            _objects.Remove(version.Name.Value);
        }
    }

    private ObjectRetention? InForce(Stored stored, bool bypass) =>
        stored.Retention is { } held && held.Until > _time.GetUtcNow()
            && !(bypass && MayBypassGovernance && held.Mode == LockMode.Governance)
                ? held
                : null;

    private Stored Lockable(ObjectVersion version) =>
        _objects.GetValueOrDefault(version.Name.Value)?.Find(one => one.Facts.Version == version.Version)
            is { Facts.IsDeleted: false } stored
                ? stored
                : throw new ObjectNotFoundException(version.Name, Location);

    private static ObjectStoreException Refused(ObjectVersion version, ObjectRetention held) => new(new Failure(
        ErrorCode.Denied,
        "change a locked version",
        version.Name.Value,
        string.Create(CultureInfo.InvariantCulture, $"it is locked until {held.Until:u}"),
        Hint: "Wait until its lock has ended."));

    private void RequireVersions()
    {
        if (!Capabilities.Versions)
        {
            throw new InvalidOperationException("this store keeps no versions");
        }
    }
}
