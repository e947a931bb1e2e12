using System.Buffers.Binary;
using Lifeboat.Postgres.DataDirectory;
using Lifeboat.Postgres.Format.Wal;
using Lifeboat.Postgres.Format.Wal.Changes;

namespace Lifeboat.Tests.Postgres.Changes;

/// <summary>Compares relation files page by page with what is said to have changed.</summary>
/// <param name="Unlisted">Pages that differ and are not covered; should be none.</param>
/// <param name="Main">Pages of main forks that differ.</param>
/// <param name="VisibilityMap">Pages of visibility maps that differ.</param>
/// <param name="Same">Pages that are the same and not listed.</param>
/// <param name="Hints">Pages that differ in hints only and are not listed: none with checksums, which log them.</param>
internal sealed record PageComparison(IReadOnlyList<string> Unlisted, int Main, int VisibilityMap, int Same, int Hints)
{
    private const int PageSize = 8192;
    private const int PageHeader = 24;
    private const uint PagesOfSegment = 131072;

    /// <param name="hintsAreLogged">As with checksums; else what PostgreSQL calls a hint may differ.</param>
    internal static PageComparison Run(
        RelationCopy before, RelationCopy after, WalChanges changes, bool hintsAreLogged = true)
    {
        var old = before.Files();
        var unlisted = new List<string>();
        var (main, map, same, hints) = (0, 0, 0, 0);
        foreach (var (path, file) in after.Files())
        {
            if (path.File.Fork is not (ForkNumber.Main or ForkNumber.VisibilityMap))
            {
                continue;
            }

            var name = new RelationForkName(
                new RelFileLocator(path.Tablespace, path.Database, path.File.RelFileNumber),
                path.File.Fork == ForkNumber.Main ? RelationFork.Main : RelationFork.VisibilityMap);
            var now = File.ReadAllBytes(file);
            var was = old.TryGetValue(path, out var earlier) ? File.ReadAllBytes(earlier) : [];
            for (var at = 0; at < now.Length; at += PageSize)
            {
                var block = path.FirstBlock(PagesOfSegment) + (uint)(at / PageSize);
                var page = now.AsSpan(at, PageSize);
                var isSame = at < was.Length && (page.SequenceEqual(was.AsSpan(at, PageSize))
                    || (block == 0 && DiffersInCacheOnly(page, was.AsSpan(at, PageSize))));
                if (isSame || (at >= was.Length && IsExtension(path.File.Fork, page)))
                {
                    same += changes.Covers(name, block) ? 0 : 1;
                    continue;
                }

                if (!hintsAreLogged && path.File.Fork == ForkNumber.Main && at < was.Length
                    && PageHints.DifferOnly(page, was.AsSpan(at, PageSize)))
                {
                    hints += changes.Covers(name, block) ? 0 : 1;
                    continue;
                }

                main += path.File.Fork == ForkNumber.Main ? 1 : 0;
                map += path.File.Fork == ForkNumber.Main ? 0 : 1;
                if (!changes.Covers(name, block))
                {
                    unlisted.Add($"{path} block {block}");
                }
            }
        }

        return new PageComparison(unlisted, main, map, same, hints);
    }

    /// <summary>
    /// The metapage of an SP-GiST index remembers the pages that were used last (SpGistMetaPageData, spgist_private.h), and is
    /// written without a record: what is remembered is looked at again before it is used.
    /// </summary>
    internal static bool DiffersInCacheOnly(ReadOnlySpan<byte> page, ReadOnlySpan<byte> was)
    {
        const int checksum = 8;
        const int cache = PageHeader + sizeof(uint);
        const int cacheEnd = cache + (8 * 8);
        return BinaryPrimitives.ReadUInt32LittleEndian(page[PageHeader..]) == 0xBA0BABEE
            && page[..checksum].SequenceEqual(was[..checksum])
            && page[(checksum + sizeof(ushort))..cache].SequenceEqual(was[(checksum + sizeof(ushort))..cache])
            && page[cacheEnd..].SequenceEqual(was[cacheEnd..]);
    }

    /// <summary>
    /// A relation is extended by zeros without a record; a visibility map up to 15 by pages that have a header and no
    /// bit.
    /// </summary>
    private static bool IsExtension(ForkNumber fork, ReadOnlySpan<byte> page) =>
        !(fork == ForkNumber.Main ? page : page[PageHeader..]).ContainsAnyExcept((byte)0);
}
