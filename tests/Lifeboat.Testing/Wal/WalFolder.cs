using System.IO.Compression;
using Lifeboat.Postgres.Format;

namespace Lifeboat.Testing.Wal;

/// <summary>A folder of WAL segments, plain or gzip-compressed, one file per segment.</summary>
public static class WalFolder
{
    /// <summary>The segments of one timeline, in order, their contents read as they are asked for.</summary>
    public static IEnumerable<(WalSegmentName Name, ReadOnlyMemory<byte> Content)> Read(
        string folder, WalSegmentSize size, Timeline timeline)
    {
        foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            // A .partial file is not among them: it is no finished segment.
            var file = Path.GetFileName(path);
            var plain = file.EndsWith(".gz", StringComparison.Ordinal) ? file[..^3] : file;
            if (WalSegmentName.TryParse(plain, size, out var name)
                && name.Timeline == timeline)
            {
                yield return (name, Content(path));
            }
        }
    }

    /// <summary>A file's bytes; of one that ends in .gz those that are compressed in it.</summary>
    public static byte[] Content(string path)
    {
        using var file = File.OpenRead(path);
        using Stream plain = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionMode.Decompress)
            : file;
        using var memory = new MemoryStream();
        plain.CopyTo(memory);
        return memory.ToArray();
    }
}
