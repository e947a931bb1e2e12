using System.Text;
using Lifeboat.Platform.Errors;
using Lifeboat.Storage;
using Lifeboat.Storage.Local;
using Lifeboat.Testing.Stores;
using Xunit;

namespace Lifeboat.Tests.Storage;

/// <summary>
/// A sequence of calls to a local store that can be broken off anywhere, with what was reported so far: the ground for
/// judging what a crash left.
/// </summary>
internal sealed class LocalStoreSteps
{
    private readonly Dictionary<string, string?> _promised = new(StringComparer.Ordinal);
    private (string Name, string? Content)? _underWay;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Whether making the store itself was reported done.</summary>
    internal bool HasStore { get; private set; }

    /// <summary>Runs to the end or to the first failure, which it returns; any other exception is a defect.</summary>
    internal async Task<LifeboatException?> RunAsync(Func<LocalObjectStore> create)
    {
        try
        {
            using var store = create();
            HasStore = true;
            await Put(store, "a/b/1", "first object", PutCondition.IfAbsent);
            await Put(store, "a/b/2", "second", PutCondition.IfAbsent);
            await Write(store, "a/c/d/large", "written in ", "two parts");
            await Put(store, "a/b/1", "first object", PutCondition.IfAbsent);
            await Put(store, "x", "before", PutCondition.Overwrite);
            await Put(store, "x", "behind it", PutCondition.Overwrite);
            await Delete(store, "a/b/2");
            await Put(store, "top", "", PutCondition.IfAbsent);
            return null;
        }
        catch (LifeboatException failure)
        {
            return failure;
        }
    }

    /// <summary>
    /// What was promised is there, what was under way is there whole or not at all, and nothing else is visible.
    /// </summary>
    internal async Task JudgeAsync(IObjectStore store, string message)
    {
        foreach (var (name, content) in _promised)
        {
            if (_underWay?.Name != name)
            {
                Assert.True(content == await Text(store, name), $"{message}: '{name}' is not as promised");
            }
        }

        if (_underWay is var (current, wanted))
        {
            var found = await Text(store, current);
            Assert.True(
                found == wanted || found == _promised.GetValueOrDefault(current),
                $"{message}: '{current}' is neither as before nor as wanted but '{found}'");
        }

        var known = _promised.Keys.Append(_underWay?.Name);
        Assert.All(await store.NamesAsync("", Token), name => Assert.Contains(name, known));
    }

    private async Task Put(IObjectStore store, string name, string content, PutCondition condition)
    {
        _underWay = (name, content);
        await store.PutAsync(new ObjectName(name), Encoding.ASCII.GetBytes(content), condition, Token);
        Done();
    }

    private async Task Write(IObjectStore store, string name, params string[] parts)
    {
        _underWay = (name, string.Concat(parts));
        await using var writer = await store.CreateAsync(new ObjectName(name), Token);
        foreach (var part in parts)
        {
            await writer.WriteAsync(Encoding.ASCII.GetBytes(part), Token);
        }

        await writer.CompleteAsync(PutCondition.IfAbsent, Token);
        Done();
    }

    private async Task Delete(IObjectStore store, string name)
    {
        _underWay = (name, null);
        await store.DeleteAsync(new ObjectName(name), Token);
        Done();
    }

    private void Done()
    {
        _promised[_underWay!.Value.Name] = _underWay.Value.Content;
        _underWay = null;
    }

    private static async Task<string?> Text(IObjectStore store, string name) =>
        await store.ReadAllAsync(new ObjectName(name), Token) is { } bytes ? Encoding.ASCII.GetString(bytes) : null;
}
