using System.Globalization;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Lifeboat.Repository.Containers;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Clusters;

/// <summary>
/// One claim for each (lineage, timeline): the server that archives it. A clone that archives into its source's place
/// is the quietest way to lose an archive, so that only the holder of the claim archives anything new.
/// </summary>
public static class Claims
{
    /// <summary>The claim that holds; null when nobody claimed the timeline yet.</summary>
    public static async ValueTask<ClaimRecord?> HolderAsync(
        Cluster cluster, Id128 lineage, Timeline timeline, CancellationToken cancellationToken) =>
        (await NewestAsync(cluster, lineage, timeline, cancellationToken)).Claim;

    /// <summary>Takes the claim when nobody holds it; the holder that is there otherwise.</summary>
    public static async ValueTask<ClaimRecord> TakeIfFreeAsync(
        Cluster cluster, ClaimRecord wanted, CancellationToken cancellationToken)
    {
        var (serial, holder) = await NewestAsync(cluster, wanted.Lineage, wanted.Timeline, cancellationToken);
        if (holder is not null)
        {
            return holder;
        }

        await PutAsync(cluster, wanted, serial + 1, cancellationToken);
        return await HolderAsync(cluster, wanted.Lineage, wanted.Timeline, cancellationToken) ?? wanted;
    }

    /// <summary>Takes the claim from whoever holds it: the user said that this is the same server, moved.</summary>
    public static async ValueTask TakeOverAsync(
        Cluster cluster, ClaimRecord wanted, CancellationToken cancellationToken)
    {
        var (serial, holder) = await NewestAsync(cluster, wanted.Lineage, wanted.Timeline, cancellationToken);
        if (holder is not null && holder.IsSameServer(wanted))
        {
            return;
        }

        await PutAsync(cluster, wanted, serial + 1, cancellationToken);
        var held = await HolderAsync(cluster, wanted.Lineage, wanted.Timeline, cancellationToken);
        if (held is null || !held.IsSameServer(wanted))
        {
            // Another server took it over in the same moment.
            throw Refusal(cluster, held ?? wanted, wanted);
        }
    }

    /// <summary>The error for a server that does not hold the claim.</summary>
    public static LifeboatException Refusal(Cluster cluster, ClaimRecord holder, ClaimRecord wanted) =>
        new(new Failure(
            ErrorCode.Conflict,
            "archive WAL",
            $"timeline {wanted.Timeline} of cluster {cluster.Name}",
            $"{holder.Host}:{Platform.Files.PosixPath.Display(holder.Directory)} archives it, and this is "
            + $"{wanted.Host}:{Platform.Files.PosixPath.Display(wanted.Directory)}; a copy must not archive into its "
            + "source's place" + (holder.Host == wanted.Host && holder.Directory == wanted.Directory
                ? " (the path is the same, but it is another directory than the one that archived before)"
                : ""),
            Hint: "If this is the same server, moved: 'lifeboat adopt --take-over --cluster-dir DIR'. If it is a copy: "
                + "'lifeboat adopt --as-new --cluster-dir DIR' gives it a lineage of its own."));

    private static async ValueTask<(uint Serial, ClaimRecord? Claim)> NewestAsync(
        Cluster cluster, Id128 lineage, Timeline timeline, CancellationToken cancellationToken)
    {
        uint newest = 0;
        ObjectName? name = null;
        var prefix = ObjectNames.Claims(cluster.Name, lineage, timeline);
        await foreach (var facts in cluster.Store.ListAsync(prefix, cancellationToken))
        {
            if (TryParseSerial(facts.Name.Value.AsSpan(prefix.Length), out var serial) && serial > newest)
            {
                newest = serial;
                name = facts.Name;
            }
        }

        if (name is not { } found)
        {
            return (0, null);
        }

        return (newest, await Documents.ReadAsync(
            cluster.Store,
            found,
            ContainerKind.Claim,
            cluster.DataKey,
            ClaimRecord.Form,
            cancellationToken));
    }

    /// <summary>Eight lower-case hexadecimal digits; other names are foreign and never read.</summary>
    internal static bool TryParseSerial(ReadOnlySpan<char> text, out uint serial)
    {
        serial = 0;
        foreach (var digit in text)
        {
            if (!char.IsAsciiHexDigitLower(digit))
            {
                return false;
            }
        }

        return text.Length == 8 && uint.TryParse(text, NumberStyles.AllowHexSpecifier, null, out serial)
            && serial > 0;
    }

    private static async ValueTask PutAsync(
        Cluster cluster, ClaimRecord claim, uint serial, CancellationToken cancellationToken)
    {
        var name = new ObjectName(
            $"{ObjectNames.Claims(cluster.Name, claim.Lineage, claim.Timeline)}{serial:x8}");
        await Documents.PutAsync(
            cluster.Store,
            name,
            ContainerKind.Claim,
            cluster.DataKey,
            ClaimRecord.Form,
            claim,
            cluster.Time.GetUtcNow(),
            cancellationToken);
    }
}
