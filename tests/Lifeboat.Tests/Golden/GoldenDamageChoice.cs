using System.Buffers.Binary;
using Lifeboat.Platform.Checksums;

namespace Lifeboat.Tests.Golden;

/// <summary>Which damages are made of a golden repository: of each kind of object, at each kind of place.</summary>
internal static class GoldenDamageChoice
{
    private const int Header = 128;
    private const int Footer = 32;

    /// <summary>
    /// What the check of today does not read: completions count by their names, catalogs and lists are others' business.
    /// </summary>
    private static readonly string[] s_unread = ["/complete", "/catalogs/", "/list", "/cleared", "/swept", "/leases/"];

    internal static IReadOnlyList<GoldenDamage> Of(string name)
    {
        using var copy = new GoldenCopy(name);
        var root = copy["repository"];
        var names = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(root, path)).Order(StringComparer.Ordinal).ToList();
        return name switch
        {
            "plain" => [.. Places(copy, names), .. Kinds(names, []), .. Losses(names), .. Versions(copy, names)],
            "keyfile" =>
            [
                .. Kinds(names, ["keys/", ".history-", ".partial-", ".backup-", "/claims/", "/packs/", "/wal/"]),
                .. Forgeries(copy, names),
            ],
            _ => [.. Kinds(names, ["/pieces/", "keys/", "/maps/"]), .. Pieces(names)],
        };
    }

    /// <summary>In each part of a container.</summary>
    private static IEnumerable<GoldenDamage> Places(GoldenCopy copy, List<string> names)
    {
        foreach (var kind in new[] { "/packs/", "/maps/", "/index/", "/wal/" })
        {
            var name = Largest(copy, names, kind);
            var content = File.ReadAllBytes(copy.Object(name));
            var careful = kind == "/packs/" ? " (careful)" : "";
            var directory = BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan(content.Length - Footer));
            yield return GoldenDamage.Of($"{kind} flip in the header", GoldenDamage.Flip(name, 60));
            yield return GoldenDamage.Of($"{kind} flip in the first frame's head", GoldenDamage.Flip(name, Header + 1));
            yield return GoldenDamage.Of($"{kind} flip in the first frame", GoldenDamage.Flip(name, Header + 20));
            yield return GoldenDamage.Of($"{kind} flip in the middle", GoldenDamage.Flip(name, directory / 2));
            yield return GoldenDamage.Of(
                $"{kind} flip in the directory{careful}", GoldenDamage.Flip(name, directory + 14));
            yield return GoldenDamage.Of($"{kind} flip in the footer{careful}", GoldenDamage.Flip(name, -20));
            yield return GoldenDamage.Of($"{kind} lacks its last byte", GoldenDamage.Truncate(name, content.Length - 1));
            yield return GoldenDamage.Of($"{kind} ends in its header", GoldenDamage.Truncate(name, 100));
            yield return GoldenDamage.Of($"{kind} is empty", GoldenDamage.Truncate(name, 0));
            yield return GoldenDamage.Of(
                $"{kind} is gone{(kind == "/index/" ? " (not told)" : "")}", GoldenDamage.Remove(name));
        }
    }

    /// <summary>One flip in the content of an object of each kind.</summary>
    /// <param name="only">Those of which the name has one of these; none is all.</param>
    private static IEnumerable<GoldenDamage> Kinds(List<string> names, HashSet<string> only)
    {
        string[] all =
        [
            "lifeboat-repository", "keys/", "/cluster", "/lineage", "/claims/", "/packs/", "/maps/", "/index/", "/manifest",
            "/complete", "/tombstone", "/marks/", "/wal/", ".history-", ".partial-", ".backup-", "/pieces/", "/catalogs/",
            "/expired-wal/", "/list", "/cleared", "/swept", "/leases/",
        ];
        foreach (var kind in all.Where(kind => only.Count == 0 || only.Contains(kind)))
        {
            var isWhole = kind is "/cluster" or "/lineage" or "/list" or "/cleared" or "/swept";
            if (names.LastOrDefault(name => isWhole
                ? name.EndsWith(kind, StringComparison.Ordinal)
                : name.Contains(kind, StringComparison.Ordinal)) is { } chosen)
            {
                var how = s_unread.Contains(kind) ? " (not told)" : kind is "/wal/" or ".history-" ? " (careful)" : "";
                yield return GoldenDamage.Of($"flip in the last of {kind}{how}", GoldenDamage.Flip(chosen, Header + 15));
            }
        }
    }

    private static IEnumerable<GoldenDamage> Losses(List<string> names)
    {
        var segments = Of(names, "/wal/")
            .Where(name => !name.Contains(".backup-", StringComparison.Ordinal)).ToList();
        yield return GoldenDamage.Of("a segment is missing", GoldenDamage.Remove(segments[segments.Count / 2]));
        yield return GoldenDamage.Of("two segments are swapped (careful)", GoldenDamage.Swap(segments[^2], segments[^3]));
        var maps = Of(names, "/maps/");
        yield return GoldenDamage.Of("two map runs are swapped", GoldenDamage.Swap(maps[0], maps[^1]));
        var packs = Of(names, "/packs/");
        yield return GoldenDamage.Of("two packs are swapped", GoldenDamage.Swap(packs[0], packs[^1]));
        var manifests = Of(names, "/manifest");
        yield return GoldenDamage.Of("two manifests are swapped", GoldenDamage.Swap(manifests[^1], manifests[^2]));
        yield return GoldenDamage.Of(
            "a pack and its index run are gone",
            GoldenDamage.Remove(packs[0]),
            GoldenDamage.Remove(Of(names, "/index/")[0]));
        yield return GoldenDamage.Of(
            "all of the index is gone (not told)", [.. Of(names, "/index/").Select(GoldenDamage.Remove)]);
        yield return GoldenDamage.Of(
            "a pack of another repository",
            GoldenDamage.Bring(packs[0], "keyfile", First("keyfile", "/packs/")));
        yield return GoldenDamage.Of(
            "the cluster of another repository",
            GoldenDamage.Bring("clusters/main/cluster", "keyfile", "clusters/main/cluster"));
    }

    /// <summary>What a newer program might have written: the header's CRC is right.</summary>
    private static IEnumerable<GoldenDamage> Versions(GoldenCopy copy, List<string> names)
    {
        foreach (var kind in new[] { "lifeboat-repository", "/manifest", "/packs/", "/wal/", "/tombstone" })
        {
            var name = names.Last(name => name.Contains(kind, StringComparison.Ordinal));
            yield return GoldenDamage.Of($"{kind} of a newer format", Patched(copy, name, 8, 0x01));
            yield return GoldenDamage.Of($"{kind} with a flag that must be understood", Patched(copy, name, 12, 0x01));
        }
    }

    /// <summary>Bytes that were changed by somebody who made the CRCs right.</summary>
    private static IEnumerable<GoldenDamage> Forgeries(GoldenCopy copy, List<string> names)
    {
        foreach (var kind in new[] { "/packs/", "/maps/", "/manifest", "/wal/" })
        {
            var name = Largest(copy, names, kind);
            var content = File.ReadAllBytes(copy.Object(name));
            var payload = BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(Header));
            var end = Header + 28 + payload;
            content[Header + 13] ^= 1;
            BinaryPrimitives.WriteUInt32LittleEndian(
                content.AsSpan(end), Crc32C.Compute(content.AsSpan(Header, end - Header)));
            yield return GoldenDamage.Of(
                $"{kind} is forged",
                GoldenDamage.Patch(name, Header + 13, Convert.ToHexStringLower(content.AsSpan(Header + 13, 1))),
                GoldenDamage.Patch(name, end, Convert.ToHexStringLower(content.AsSpan(end, 4))));
        }
    }

    private static IEnumerable<GoldenDamage> Pieces(List<string> names)
    {
        var pieces = Of(names, "/pieces/");
        yield return GoldenDamage.Of("the first piece of the last segment is missing (not told)", GoldenDamage.Remove(
            pieces.First(name => name.Contains(pieces[^1].Split('/')[^2] + ".00000000.", StringComparison.Ordinal))));
        yield return GoldenDamage.Of("two pieces are swapped", GoldenDamage.Swap(pieces[^1], pieces[^2]));
    }

    private static System.Text.Json.Nodes.JsonObject Patched(GoldenCopy copy, string name, int at, byte value)
    {
        var header = File.ReadAllBytes(copy.Object(name))[..Header];
        header[at] = value;
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(124), Crc32C.Compute(header.AsSpan(0, 124)));
        return GoldenDamage.Patch(name, 0, Convert.ToHexStringLower(header));
    }

    private static List<string> Of(List<string> names, string kind) =>
        [.. names.Where(name => name.Contains(kind, StringComparison.Ordinal))];

    private static string First(string repository, string kind)
    {
        using var copy = new GoldenCopy(repository);
        var root = copy["repository"];
        return Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(root, path)).Order(StringComparer.Ordinal)
            .First(name => name.Contains(kind, StringComparison.Ordinal));
    }

    private static string Largest(GoldenCopy copy, List<string> names, string kind) =>
        Of(names, kind).MaxBy(name => new FileInfo(copy.Object(name)).Length)!;
}
