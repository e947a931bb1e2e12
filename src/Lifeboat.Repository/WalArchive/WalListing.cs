using System.Runtime.CompilerServices;
using Lifeboat.Repository.Clusters;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.WalArchive;

/// <summary>
/// Lists the whole WAL of a lineage in many listings at once: 100 MB/s of WAL are 540,000 names a day, and a store gives a
/// thousand in an answer.
/// </summary>
/// <remarks>
/// Later names are listed before earlier ones: a segment that is archived meanwhile is seen only together with those that had been archived
/// before it, and never makes a gap that is none.
/// </remarks>
public static class WalListing
{
    private const int MostAtOnce = 32;

    /// <summary>Of the eight digits of a folder of 256 segments so many are one listing's: 16 folders, or five answers.</summary>
    private const int PrefixDigits = 7;

    /// <summary>Every WAL file, ordered by timeline and name.</summary>
    public static async ValueTask<List<WalObject>> ReadAsync(
        Cluster cluster, Id128 lineage, CancellationToken cancellationToken)
    {
        var folder = ObjectNames.Wal(cluster.Name, lineage);
        var files = new List<WalObject>();
        await foreach (var facts in ListAsync(cluster.Store, folder, cancellationToken))
        {
            if (WalObject.Parse(lineage, folder, facts) is { } item)
            {
                files.Add(item);
            }
        }

        return files;
    }

    /// <summary>Everything below the folder of a lineage's WAL, ordered by name.</summary>
    internal static async IAsyncEnumerable<ObjectFacts> ListAsync(
        IObjectStore store, string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var prefixes = new List<string>();
        foreach (var timeline in await store.ListChildrenAsync(folder, cancellationToken))
        {
            prefixes.AddRange(timeline.EndsWith('/')
                ? (await store.ListChildrenAsync(folder + timeline, cancellationToken))
                    .Select(child => folder + timeline + child[..Math.Min(PrefixDigits, child.Length)])
                : [folder + timeline]);
        }

        prefixes = Apart(prefixes);
        var parts = new List<ObjectFacts>[prefixes.Count];
        if (parts.Length > 0)
        {
            await ListPartAsync(parts.Length - 1, cancellationToken);
        }

        await Parallel.ForAsync(
            1, parts.Length, RequestsAtOnce.Options(MostAtOnce, cancellationToken),
            (behind, stopping) => ListPartAsync(parts.Length - 1 - behind, stopping));
        for (var at = 0; at < parts.Length; at++)
        {
            foreach (var facts in parts[at])
            {
                yield return facts;
            }

            parts[at] = [];
        }

        async ValueTask ListPartAsync(int at, CancellationToken stopping)
        {
            var part = new List<ObjectFacts>();
            await foreach (var facts in store.ListAsync(prefixes[at], stopping))
            {
                part.Add(facts);
            }

            parts[at] = part;
        }
    }

    /// <summary>Without those that begin with another one, whose listing shows them too.</summary>
    private static List<string> Apart(List<string> prefixes)
    {
        var apart = new List<string>();
        foreach (var prefix in prefixes.Order(StringComparer.Ordinal))
        {
            if (apart.Count == 0 || !prefix.StartsWith(apart[^1], StringComparison.Ordinal))
            {
                apart.Add(prefix);
            }
        }

        return apart;
    }
}
