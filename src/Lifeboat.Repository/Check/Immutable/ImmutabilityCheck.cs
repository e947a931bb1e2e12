using System.Globalization;
using System.Security.Cryptography;
using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Repository.Locks;
using Lifeboat.Storage;
using Lifeboat.Storage.Locks;

namespace Lifeboat.Repository.Check.Immutable;

/// <summary>
/// Whether what is stored really cannot be taken away with the credentials at hand. A canary that was put as every object is
/// put is attacked in every way (<see cref="LockAttack"/>); of real objects, some of each kind, the lock is asked for and the
/// begin is read. Real objects are never attacked: were one of them not locked, the check would be what destroys it.
/// </summary>
/// <remarks>
/// What it cannot show: what other credentials may do; what the store's operator may do; and of the objects that were not
/// sampled only that they were put and renewed by the same code.
/// </remarks>
public sealed class ImmutabilityCheck
{
    private const string Operation = "check that nothing can be taken away";
    private const int CanaryBytes = 64;
    private const int MostOverlaid = 100;

    /// <summary>Of a container's header: magic, and at 40 the tag of the object's own name.</summary>
    private const int HeaderBytes = 56;

    private const int NameTag = 40;

    private readonly RepositoryRoot _repository;
    private readonly IObjectLocks _locks;
    private readonly List<string> _findings = [];
    private readonly List<string> _warnings = [];
    private readonly HashSet<ObjectName> _seen = [];
    private readonly LockSample _sample;
    private DateTimeOffset? _earliest;
    private long _objects;

    private ImmutabilityCheck(RepositoryRoot repository, IObjectLocks locks, int samples)
    {
        _repository = repository;
        _locks = locks;
        _sample = new LockSample(samples);
    }

    /// <param name="cluster">The only one to look at; null for all.</param>
    /// <param name="samples">Of each kind.</param>
    /// <exception cref="LifeboatException">Usage: the repository has no locks. Others: the store could not be asked.</exception>
    public static async ValueTask<ImmutabilityReport> RunAsync(
        RepositoryRoot repository, string? cluster, int samples, CancellationToken cancellationToken)
    {
        var locks = repository.Store.Locks ?? throw new LifeboatException(new Failure(
            ErrorCode.Usage,
            Operation,
            repository.Store.Location,
            repository.Terms is null
                ? "the objects of this repository are not locked"
                : "this is a copy of a repository with locks, in a place that has none",
            Hint: "Locks are chosen when a repository is made: 'lifeboat init --lock 30d' in a bucket with object lock."));
        return await new ImmutabilityCheck(repository, locks, samples).RunAsync(cluster, cancellationToken);
    }

    private async ValueTask<ImmutabilityReport> RunAsync(string? only, CancellationToken cancellationToken)
    {
        await ClearCanariesAsync(cancellationToken);
        var attack = await AttackAsync(cancellationToken);
        _findings.AddRange(attack.Findings.Select(finding => $"canary: {finding}"));
        foreach (var name in only is null ? await _repository.ListClustersAsync(cancellationToken) : [only])
        {
            var cluster = await Cluster.OpenAsync(_repository, name, cancellationToken);
            await foreach (var facts in LockedObjects.ListAsync(cluster, cancellationToken))
            {
                if (facts.Name.Value.StartsWith(ObjectNames.Clusters, StringComparison.Ordinal) || _seen.Add(facts.Name))
                {
                    _sample.Add(facts);
                    _objects++;
                }
            }
        }

        var sampled = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (kind, taken) in _sample.Kinds)
        {
            sampled[kind] = taken.Count;
            foreach (var facts in taken)
            {
                await LookAsync(facts, cancellationToken);
            }
        }

        var overlaid = await OverlaidAsync(only, cancellationToken);
        return new ImmutabilityReport(attack.Tried, _objects, sampled, overlaid, _earliest, _findings, _warnings);
    }

    private async ValueTask<LockAttackReport> AttackAsync(CancellationToken cancellationToken)
    {
        var canary = new ObjectName($"{ObjectNames.Canaries}{Id128.NewRandom()}");
        var content = RandomNumberGenerator.GetBytes(CanaryBytes);
        var promised = new ObjectRetention(_locks.Terms.Mode, _locks.Terms.UntilFrom(_repository.Time.GetUtcNow()));
        await _repository.Store.PutAsync(canary, content, PutCondition.IfAbsent, cancellationToken);
        return await LockAttack.RunAsync(
            _locks.Versions, _repository.Store, canary, content, promised, bypass: true, cancellationToken);
    }

    /// <summary>Those of earlier checks whose locks have ended, where these credentials may.</summary>
    private async ValueTask ClearCanariesAsync(CancellationToken cancellationToken)
    {
        await foreach (var facts in _repository.Store.ListAsync(ObjectNames.Canaries, cancellationToken))
        {
            try
            {
                if (_locks.Terms.SurelyUntil(facts.LastModified) < _repository.Time.GetUtcNow())
                {
                    await _repository.Store.DeleteAsync(facts.Name, cancellationToken);
                }
            }
            catch (LifeboatException refused) when (refused.Code == ErrorCode.Denied)
            {
                return;
            }
        }
    }

    private async ValueTask LookAsync(ObjectFacts facts, CancellationToken cancellationToken)
    {
        var now = _repository.Time.GetUtcNow();
        var retention = await _locks.ReadAsync(new ObjectVersion(facts.Name, facts.Version!), cancellationToken);
        if (retention is not { } held)
        {
            _findings.Add($"{facts.Name}: it is not locked");
        }
        else
        {
            _earliest = _earliest < held.Until ? _earliest : held.Until;
            if (held.Until <= now)
            {
                _findings.Add($"{facts.Name}: its lock ended at {Text(held.Until)}");
            }
            else if (held.Until < now + _locks.Terms.Duration)
            {
                _findings.Add($"{facts.Name}: it is locked until {Text(held.Until)} only; run 'lifeboat lock renew'");
            }

            if (held.Mode < _locks.Terms.Mode)
            {
                _findings.Add($"{facts.Name}: its lock is of mode {LockTerms.Word(held.Mode)} only");
            }
        }

        await RequireOwnContentAsync(facts.Name, cancellationToken);
    }

    /// <summary>What a reader is shown under this name begins as the container of this name does.</summary>
    private async ValueTask RequireOwnContentAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var header = new byte[HeaderBytes];
        var read = await _repository.Store.ReadAsync(name, 0, header, cancellationToken);
        var tag = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name.Value)).AsSpan(0, HeaderBytes - NameTag);
        if (read != HeaderBytes || !header.AsSpan().StartsWith("LIFEBOAT"u8) || !header.AsSpan(NameTag).SequenceEqual(tag))
        {
            _findings.Add($"{name}: its oldest version is not an object of this name");
        }
    }

    /// <summary>Somebody has put something over what is locked: nobody who uses Lifeboat does.</summary>
    private async ValueTask<IReadOnlyList<string>> OverlaidAsync(string? only, CancellationToken cancellationToken)
    {
        var overlaid = new List<string>();
        ObjectFacts? oldest = null;
        await foreach (var facts in _repository.Store.ListVersionsAsync(
            only is null ? "" : ObjectNames.ClusterRoot(only), cancellationToken))
        {
            if (oldest?.Name != facts.Name)
            {
                oldest = facts;
            }
            else if (overlaid.Count < MostOverlaid && LockedNames.Covers(facts.Name)
                && !facts.Name.Value.StartsWith(ObjectNames.Canaries, StringComparison.Ordinal)
                && (facts.IsDeleted || facts.Size != oldest.Size))
            {
                overlaid.Add($"{facts.Name}: {(facts.IsDeleted ? "deleted" : "overwritten")} at {Text(facts.LastModified)}");
            }
        }

        if (overlaid.Count > 0)
        {
            _warnings.Add(
                "somebody has deleted or overwritten locked objects; their first versions are there and are what is read. "
                + "Change the credentials of the writers");
        }

        return overlaid;
    }

    private static string Text(DateTimeOffset time) => string.Create(
        CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
}
