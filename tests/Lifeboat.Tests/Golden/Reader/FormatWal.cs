using System.Text.Json;

namespace Lifeboat.Tests.Golden.Reader;

/// <summary>What is archived, by the specification of the WAL archive.</summary>
internal static class FormatWal
{
    private const int ChunkBytes = 8192;

    /// <summary>The content of a WAL file or of a piece, held against its tag, its name and its facts.</summary>
    internal static (byte[] Content, JsonElement Facts, byte[]? Summary) Read(FormatCluster cluster, FormatContainer file)
    {
        var annex = new FormatCursor(file.Annex);
        var content = annex.Count();
        var summary = annex.Left > 0 ? annex.Count() : 0;
        annex.End();
        if (file.Frames.Count != content + summary + 1)
        {
            throw new FormatError($"{file.Name} has {file.Frames.Count} frames");
        }

        var bytes = file.Frames.Take(content).SelectMany(frame => frame).ToArray();
        using var document = JsonDocument.Parse(file.Frames[^1]);
        var facts = document.RootElement.Clone();
        var name = file.Name.Split('/')[^1];
        var tag = cluster.Tags.WalContent(bytes);
        if (name != $"{facts.GetProperty("file").GetString()}-{tag}" || facts.GetProperty("tag").GetString() != tag
            || facts.GetProperty("length").GetInt64() != bytes.Length)
        {
            throw new FormatError($"{file.Name} is not the file that it says");
        }

        byte[]? changed = summary == 0 ? null : [.. file.Frames.Skip(content).Take(summary).SelectMany(frame => frame)];
        if (changed is not null)
        {
            HoldSummary(changed);
        }

        return (bytes, facts, changed);
    }

    /// <summary>A catalog: facts of 256 segments, and their summary. Returns tag and facts of each.</summary>
    internal static List<(string Tag, JsonElement Facts)> ReadCatalog(FormatCluster cluster, FormatContainer catalog)
    {
        var annex = new FormatCursor(catalog.Annex);
        var (facts, summary) = (annex.Count(), annex.Count());
        annex.End();
        if (facts + summary != catalog.Frames.Count)
        {
            throw new FormatError($"{catalog.Name} has {catalog.Frames.Count} frames");
        }

        var streams = catalog.Frames.SelectMany(frame => frame).ToArray();
        if (!catalog.Name.EndsWith("-" + cluster.Tags.WalContent(streams), StringComparison.Ordinal))
        {
            throw new FormatError($"{catalog.Name} does not have the tag in its name");
        }

        var cursor = new FormatCursor(catalog.Frames.Take(facts).SelectMany(frame => frame).ToArray());
        var segments = new List<(string, JsonElement)>();
        for (var left = cursor.Count(); left > 0; left--)
        {
            var tag = cursor.Id();
            using var document = JsonDocument.Parse(cursor.Bytes(cursor.Count()).ToArray());
            segments.Add((tag, document.RootElement.Clone()));
        }

        cursor.End();
        if (summary > 0)
        {
            HoldSummary(catalog.Frames.Skip(facts).SelectMany(frame => frame).ToArray());
        }

        return segments;
    }

    /// <summary>Reads a summary of changed blocks to its last byte.</summary>
    private static void HoldSummary(byte[] summary)
    {
        var cursor = new FormatCursor(summary);
        if (cursor.Byte() != 1)
        {
            throw new FormatError("a summary has another format");
        }

        _ = cursor.Varint();
        _ = cursor.U64();
        _ = cursor.U32();
        _ = cursor.Varint();
        _ = cursor.Varint();
        _ = cursor.Varint();
        var parts = cursor.Byte();
        _ = cursor.Byte();
        _ = cursor.Varint();
        SkipFragment(ref cursor);
        _ = cursor.Bytes((parts & 1) != 0 ? 24 : 0);
        if ((parts & 2) != 0)
        {
            _ = cursor.Bytes(12);
            SkipFragment(ref cursor);
        }

        if ((parts & 4) != 0)
        {
            _ = cursor.U64();
            _ = cursor.Bytes(cursor.Count());
        }

        _ = cursor.Bytes(cursor.Count() * 9);
        _ = cursor.Bytes((parts & 8) != 0 ? 10 : 0);
        _ = cursor.Bytes(cursor.Count() * 8);
        for (var forks = cursor.Count(); forks > 0; forks--)
        {
            SkipFork(ref cursor);
        }

        cursor.End();
    }

    private static void SkipFork(ref FormatCursor cursor)
    {
        _ = cursor.Varint();
        _ = cursor.Varint();
        _ = cursor.Varint();
        _ = cursor.Byte();
        if (cursor.Byte() == 1)
        {
            _ = cursor.Varint();
        }

        for (var chunks = cursor.Count(); chunks > 0; chunks--)
        {
            _ = cursor.Varint();
            if (cursor.Byte() == 1)
            {
                _ = cursor.Bytes(ChunkBytes);
                continue;
            }

            for (var ranges = cursor.Count(); ranges > 0; ranges--)
            {
                _ = cursor.Varint();
                _ = cursor.Varint();
            }
        }
    }

    private static void SkipFragment(ref FormatCursor cursor) =>
        _ = cursor.Bytes(Math.Min(cursor.Count(), 64 << 10));
}
