using Lifeboat.Storage;
using Lifeboat.Storage.Memory;

namespace Lifeboat.Tests.Repository;

/// <summary>The content of a store by name, so that each test can damage a fresh copy of it.</summary>
internal static class StoreCopy
{
    internal static async Task<SortedDictionary<string, byte[]>> ReadAsync(IObjectStore store)
    {
        var objects = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        await foreach (var facts in store.ListAsync("", default))
        {
            var content = new byte[facts.Size];
            await store.ReadAsync(facts.Name, 0, content, default);
            objects[facts.Name.Value] = content;
        }

        return objects;
    }

    internal static async Task<MemoryObjectStore> WriteAsync(IReadOnlyDictionary<string, byte[]> objects)
    {
        var store = new MemoryObjectStore(TimeProvider.System);
        foreach (var (name, content) in objects)
        {
            await store.PutAsync(new ObjectName(name), content, PutCondition.IfAbsent, default);
        }

        return store;
    }

    internal static Task ReplaceAsync(this IObjectStore store, string name, byte[] content) =>
        store.PutAsync(new ObjectName(name), content, PutCondition.Overwrite, default).AsTask();
}
