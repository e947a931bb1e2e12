using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lifeboat.Storage;

namespace Lifeboat.Tests.Scale;

/// <summary>
/// A store for simulations: content lies outside of the managed heap, so that what is measured there is the program's alone, and
/// an object may have a hole that reads as zeros. Names and dates are managed, some 300 bytes for each object. Answers at once.
/// </summary>
internal sealed class HollowStore(TimeProvider time) : IObjectStore, IDisposable
{
    private readonly TimeProvider _time = time;
    private readonly Dictionary<string, SortedDictionary<string, Stored>> _folders = new(StringComparer.Ordinal);

    /// <summary>Objects that are made up when they are asked for; null for none.</summary>
    internal SyntheticWal? Wal { get; set; }

    /// <summary>Bytes that are really held.</summary>
    internal long HeldBytes { get; private set; }

    internal long Objects => _folders.Values.Sum(folder => (long)folder.Count);

    public string Location => "hollow:";

    public StoreCapabilities Capabilities { get; } = new(CreateIfAbsent: true, Versions: false);

    public void Dispose()
    {
        foreach (var stored in _folders.Values.SelectMany(folder => folder.Values))
        {
            Free(stored);
        }

        _folders.Clear();
    }

    /// <summary>An object of which only the beginning and the end are there.</summary>
    internal unsafe void PutHollow(ObjectName name, long size, ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail)
    {
        var content = (byte*)NativeMemory.Alloc((nuint)(head.Length + tail.Length));
        head.CopyTo(new Span<byte>(content, head.Length));
        tail.CopyTo(new Span<byte>(content + head.Length, tail.Length));
        Add(name, new Stored((nint)content, head.Length + tail.Length, head.Length, size, _time.GetUtcNow()));
    }

    public ValueTask<PutOutcome> PutAsync(
        ObjectName name, ReadOnlyMemory<byte> content, PutCondition condition, CancellationToken cancellationToken)
    {
        if (condition == PutCondition.IfAbsent && Find(name) is not null)
        {
            return new(PutOutcome.AlreadyExists);
        }

        PutHollow(name, content.Length, content.Span, []);
        return new(PutOutcome.Created);
    }

    public ValueTask<IObjectWriter> CreateAsync(ObjectName name, CancellationToken cancellationToken) =>
        new(new Writer(this, name));

    public unsafe ValueTask<int> ReadAsync(
        ObjectName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (Find(name) is not { } stored)
        {
            return Wal is { } wal && wal.Owns(name.Value)
                ? wal.ReadAsync(name, offset, buffer, cancellationToken)
                : throw new ObjectNotFoundException(name, Location);
        }

        var length = (int)Math.Clamp(stored.Size - offset, 0, buffer.Length);
        var into = buffer.Span[..length];
        into.Clear();
        var content = (byte*)stored.Content;
        var tailAt = stored.Size - (stored.Held - stored.Head);
        Overlap(new ReadOnlySpan<byte>(content, (int)stored.Head), 0, into, offset);
        for (var at = Math.Max(tailAt, offset); at < offset + length; at += 1 << 30)
        {
            var part = (int)Math.Min(1 << 30, offset + length - at);
            new ReadOnlySpan<byte>(content + stored.Head + (at - tailAt), part).CopyTo(into[(int)(at - offset)..]);
        }

        return new(length);
    }

    public ValueTask<ObjectFacts?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        Find(name) is { } stored
            ? new(new ObjectFacts(name, stored.Size, stored.Date))
            : new(Wal?.Stat(name));

    public async IAsyncEnumerable<ObjectFacts> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        var found = _folders
            .Where(folder => folder.Key.StartsWith(prefix, StringComparison.Ordinal)
                || prefix.StartsWith(folder.Key, StringComparison.Ordinal))
            .SelectMany(folder => folder.Value
                .Select(stored => new ObjectFacts(new ObjectName(folder.Key + stored.Key), stored.Value.Size, stored.Value.Date)))
            .Where(facts => facts.Name.Value.StartsWith(prefix, StringComparison.Ordinal))
            .OrderBy(facts => facts.Name.Value, StringComparer.Ordinal)
            .ToList();
        foreach (var facts in Wal is null ? found : Merge(found, Wal.List(prefix)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return facts;
        }
    }

    public async ValueTask<IReadOnlyList<string>> ListChildrenAsync(string prefix, CancellationToken cancellationToken)
    {
        var children = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var facts in ListAsync(prefix, cancellationToken))
        {
            var rest = facts.Name.Value[prefix.Length..];
            children.Add(rest[..(rest.IndexOf('/') is var slash and >= 0 ? slash + 1 : rest.Length)]);
        }

        return [.. children];
    }

    public IAsyncEnumerable<ObjectFacts> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        ListAsync(prefix, cancellationToken);

    public ValueTask<int> ReadVersionAsync(
        ObjectName name, string version, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var (folder, part) = Split(name);
        if (_folders.TryGetValue(folder, out var all) && all.Remove(part, out var stored))
        {
            Free(stored);
            if (all.Count == 0)
            {
                _folders.Remove(folder);
            }
        }
        else
        {
            Wal?.Delete(name);
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask DeleteManyAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            await DeleteAsync(name, cancellationToken);
        }
    }

    public ValueTask DeleteVersionsAsync(
        IReadOnlyCollection<ObjectVersion> versions, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask SettleAsync(string prefix, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => new(0);

    private static (string Folder, string Part) Split(ObjectName name)
    {
        var slash = name.Value.LastIndexOf('/');
        return (name.Value[..(slash + 1)], name.Value[(slash + 1)..]);
    }

    private static void Overlap(ReadOnlySpan<byte> content, long begins, Span<byte> into, long offset)
    {
        var (from, to) = (Math.Max(begins, offset), Math.Min(begins + content.Length, offset + into.Length));
        if (from < to)
        {
            content[(int)(from - begins)..(int)(to - begins)].CopyTo(into[(int)(from - offset)..]);
        }
    }

    private static IEnumerable<ObjectFacts> Merge(List<ObjectFacts> stored, IEnumerable<ObjectFacts> made)
    {
        var at = 0;
        foreach (var facts in made)
        {
            while (at < stored.Count && stored[at].Name.CompareTo(facts.Name) < 0)
            {
                yield return stored[at++];
            }

            yield return facts;
        }

        while (at < stored.Count)
        {
            yield return stored[at++];
        }
    }

    private Stored? Find(ObjectName name)
    {
        var (folder, part) = Split(name);
        return _folders.GetValueOrDefault(folder)?.GetValueOrDefault(part);
    }

    private void Add(ObjectName name, Stored stored)
    {
        var (folder, part) = Split(name);
        if (!_folders.TryGetValue(folder, out var all))
        {
            _folders[folder] = all = new SortedDictionary<string, Stored>(StringComparer.Ordinal);
        }

        if (all.TryGetValue(part, out var old))
        {
            Free(old);
        }

        all[part] = stored;
        HeldBytes += stored.Held;
    }

    private unsafe void Free(Stored stored)
    {
        HeldBytes -= stored.Held;
        NativeMemory.Free((void*)stored.Content);
    }

    /// <param name="Head">Bytes from the beginning that are there; the rest of what is held is the end.</param>
    private sealed record Stored(nint Content, long Held, long Head, long Size, DateTimeOffset Date);

    /// <summary>Grows by a half, outside of the managed heap.</summary>
    private sealed unsafe class Writer(HollowStore store, ObjectName name) : IObjectWriter
    {
        private byte* _content;
        private long _room;

        public ObjectName Name => name;

        public long Length { get; private set; }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            if (Length + content.Length > _room)
            {
                _room = Math.Max(Length + content.Length, Math.Max(4096, _room + (_room / 2)));
                _content = (byte*)NativeMemory.Realloc(_content, (nuint)_room);
            }

            content.Span.CopyTo(new Span<byte>(_content + Length, content.Length));
            Length += content.Length;
            return ValueTask.CompletedTask;
        }

        public ValueTask<PutOutcome> CompleteAsync(PutCondition condition, CancellationToken cancellationToken)
        {
            if (condition == PutCondition.IfAbsent && store.Find(name) is not null)
            {
                return new(PutOutcome.AlreadyExists);
            }

            var content = (byte*)NativeMemory.Realloc(_content, (nuint)Math.Max(1, Length));
            store.Add(name, new Stored((nint)content, Length, Length, Length, store._time.GetUtcNow()));
            _content = null;
            return new(PutOutcome.Created);
        }

        public ValueTask DisposeAsync()
        {
            NativeMemory.Free(_content);
            _content = null;
            return ValueTask.CompletedTask;
        }
    }
}
