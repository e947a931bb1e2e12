using Lifeboat.Storage;

namespace Lifeboat.Testing.Stores;

/// <summary>Whole objects and whole listings, for tests.</summary>
public static class StoreReading
{
    /// <summary>All bytes of an object, read in pieces of 64 KiB; null when there is none.</summary>
    public static async Task<byte[]?> ReadAllAsync(
        this IObjectStore store, ObjectName name, CancellationToken cancellationToken)
    {
        var content = new MemoryStream();
        var buffer = new byte[64 << 10];
        try
        {
            while (true)
            {
                var read = await store.ReadAsync(name, content.Length, buffer, cancellationToken);
                content.Write(buffer, 0, read);
                if (read < buffer.Length)
                {
                    return content.ToArray();
                }
            }
        }
        catch (ObjectNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The names of a listing, in its order.</summary>
    public static async Task<List<string>> NamesAsync(
        this IObjectStore store, string prefix, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var facts in store.ListAsync(prefix, cancellationToken))
        {
            names.Add(facts.Name.Value);
        }

        return names;
    }
}
