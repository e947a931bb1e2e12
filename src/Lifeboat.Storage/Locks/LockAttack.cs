using Lifeboat.Platform.Errors;

namespace Lifeboat.Storage.Locks;

/// <summary>What an attack on a canary showed.</summary>
/// <param name="Tried">Every step, and how the store took it.</param>
/// <param name="Findings">What gave way; empty when nothing did.</param>
public sealed record LockAttackReport(IReadOnlyList<string> Tried, IReadOnlyList<string> Findings);

/// <summary>
/// Attacks one object that was put as every other is, with the credentials at hand: puts over it, deletes it, and tries to remove
/// the locked version and to shorten its lock, with and without the right to bypass governance. Then the version must read back
/// as it was. Only the canary is touched: where a lock lacks, what is attacked is lost.
/// </summary>
public sealed class LockAttack
{
    private const int Slack = 2;

    private readonly ILockableStore _store;
    private readonly IObjectStore _view;
    private readonly ObjectName _canary;
    private readonly byte[] _content;
    private readonly ObjectRetention _promised;
    private readonly bool _bypass;
    private readonly List<string> _tried = [];
    private readonly List<string> _findings = [];

    private LockAttack(
        ILockableStore store, IObjectStore view, ObjectName canary, byte[] content, ObjectRetention promised, bool bypass)
    {
        _bypass = bypass;
        _store = store;
        _view = view;
        _canary = canary;
        _content = content;
        _promised = promised;
    }

    /// <param name="view">What readers of the repository read through.</param>
    /// <param name="canary">An object that is there, with this content.</param>
    /// <param name="promised">The lock that it must have at least.</param>
    /// <param name="bypass">Try also to bypass governance, which an administrator's credentials may.</param>
    /// <exception cref="LifeboatException">The store could not be asked: then nothing is known.</exception>
    public static async ValueTask<LockAttackReport> RunAsync(
        ILockableStore store,
        IObjectStore view,
        ObjectName canary,
        byte[] content,
        ObjectRetention promised,
        bool bypass,
        CancellationToken cancellationToken)
    {
        var attack = new LockAttack(store, view, canary, content, promised, bypass);
        await attack.RunAsync(cancellationToken);
        return new LockAttackReport(attack._tried, attack._findings);
    }

    private async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        var versions = await VersionsAsync(cancellationToken);
        if (versions is not [{ Version: { Length: > 0 } id, IsDeleted: false }, ..] || id == "null")
        {
            _findings.Add("the bucket keeps no versions");
            return;
        }

        var version = new ObjectVersion(_canary, id);
        if (!await HasLockAsync(version, "it was put without the lock that was asked for", cancellationToken))
        {
            return;
        }

        var shorter = _promised with { Until = versions[0].LastModified + ((_promised.Until - versions[0].LastModified) / 2) };
        await AllowedAsync("put another object over it", token => OverwriteAsync(token), cancellationToken);
        await AllowedAsync("delete it", token => _store.DeleteAsync(_canary, token), cancellationToken);
        foreach (var bypass in (bool[])[false, true])
        {
            var how = bypass ? ", bypassing governance" : "";
            await RefusedAsync(
                $"shorten the lock{how}",
                bypass,
                token => _store.WriteRetentionAsync(version, shorter, bypass, token),
                cancellationToken);
            await RefusedAsync(
                $"remove the locked version{how}",
                bypass,
                token => _store.DeleteVersionAsync(version, bypass, token),
                cancellationToken);
        }

        if (_promised.Mode == LockMode.Compliance)
        {
            await RefusedAsync(
                "weaken the lock to governance",
                bypass: false,
                token => _store.WriteRetentionAsync(version, _promised with { Mode = LockMode.Governance }, bypass: true, token),
                cancellationToken);
        }

        await RequireIntactAsync(version, cancellationToken);
    }

    private async ValueTask OverwriteAsync(CancellationToken cancellationToken) =>
        await _store.PutAsync(_canary, "overwritten"u8.ToArray(), PutCondition.Overwrite, cancellationToken);

    /// <summary>What a writer may do, or not: it must not reach the locked version.</summary>
    private async ValueTask AllowedAsync(
        string what, Func<CancellationToken, ValueTask> attack, CancellationToken cancellationToken)
    {
        try
        {
            await attack(cancellationToken);
            _tried.Add($"{what}: done");
        }
        catch (ObjectStoreException refused) when (!refused.Failure.Transient)
        {
            _tried.Add($"{what}: refused");
        }
    }

    private async ValueTask RefusedAsync(
        string what, bool bypass, Func<CancellationToken, ValueTask> attack, CancellationToken cancellationToken)
    {
        if (bypass && !_bypass)
        {
            return;
        }

        try
        {
            await attack(cancellationToken);
        }
        catch (ObjectStoreException refused) when (!refused.Failure.Transient)
        {
            _tried.Add($"{what}: refused");
            return;
        }

        _tried.Add($"{what}: DONE");
        _findings.Add($"the store let these credentials {what}");
    }

    private async ValueTask RequireIntactAsync(ObjectVersion version, CancellationToken cancellationToken)
    {
        if (!(await VersionsAsync(cancellationToken)).Exists(facts => facts.Version == version.Version))
        {
            _findings.Add("the locked version is gone");
            return;
        }

        await HasLockAsync(version, "its lock is shorter or weaker than before", cancellationToken);
        var read = new byte[_content.Length + 1];
        if (await _store.ReadVersionAsync(_canary, version.Version, 0, read, cancellationToken) is var length
            && !read.AsSpan(0, length).SequenceEqual(_content))
        {
            _findings.Add("the locked version reads back with other bytes");
        }

        if (await _view.StatAsync(_canary, cancellationToken) is not { } facts || facts.Version != version.Version
            || await _view.ReadAsync(_canary, 0, read, cancellationToken) is var shown
            && !read.AsSpan(0, shown).SequenceEqual(_content))
        {
            _findings.Add("a reader is shown something else than the locked version");
        }

        var listed = false;
        await foreach (var item in _view.ListAsync(_canary.Value, cancellationToken))
        {
            listed |= item.Name == _canary && item.Version == version.Version;
        }

        if (!listed)
        {
            _findings.Add("a listing does not show the locked version");
        }
    }

    private async ValueTask<bool> HasLockAsync(ObjectVersion version, string otherwise, CancellationToken cancellationToken)
    {
        // Stores count whole seconds.
        if (await _store.ReadRetentionAsync(version, cancellationToken) is { } retention
            && retention.Mode >= _promised.Mode && retention.Until.AddSeconds(Slack) > _promised.Until)
        {
            return true;
        }

        _findings.Add(otherwise);
        return false;
    }

    private async ValueTask<List<ObjectFacts>> VersionsAsync(CancellationToken cancellationToken)
    {
        var versions = new List<ObjectFacts>();
        await foreach (var facts in _store.ListVersionsAsync(_canary.Value, cancellationToken))
        {
            versions.Add(facts);
        }

        return versions;
    }
}
