using Lifeboat.Platform.Files;
using Lifeboat.Storage;
using Lifeboat.Storage.Cloud.S3;
using Lifeboat.Storage.Retry;

// Started by eng/bench s3: what a repository's client of a bucket moves in a second when nothing is packed or unpacked.
//   s3-transfer-bench put DIRECTORY BUCKET-URL   every file, through the writer that a backup puts packs with
//   s3-transfer-bench get BUCKET-URL DIRECTORY   every object, by the ranges that a restore asks for
const int Together = 4;
const int Range = 8 << 20;
const int Piece = 1 << 20;

var files = new PosixFileSystem();
using var store = S3ObjectStore.Open(
    S3PlaceText.Parse(args[0] == "put" ? args[2] : args[1]), files, TimeProvider.System, Repetition.Never);
var several = new ParallelOptions { MaxDegreeOfParallelism = Together };
if (args[0] == "put")
{
    var root = args[1];
    await Parallel.ForEachAsync(
        Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories), several, async (path, token) =>
        {
            using var file = File.OpenHandle(path);
            await using var writer = await store.CreateAsync(new ObjectName(Path.GetRelativePath(root, path)), token);
            var piece = new byte[Piece];
            for (var at = 0L; RandomAccess.Read(file, piece, at) is > 0 and var read; at += read)
            {
                await writer.WriteAsync(piece.AsMemory(0, read), token);
            }

            await writer.CompleteAsync(PutCondition.Overwrite, token);
        });
}
else
{
    var root = args[2];
    var ranges = new List<(ObjectName Name, long Offset, int Length)>();
    await foreach (var found in store.ListAsync(string.Empty, default))
    {
        var path = Path.Combine(root, found.Name.Value);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, []);
        for (var at = 0L; at < found.Size; at += Range)
        {
            ranges.Add((found.Name, at, (int)Math.Min(Range, found.Size - at)));
        }
    }

    await Parallel.ForEachAsync(ranges, several, async (range, token) =>
    {
        var content = System.Buffers.ArrayPool<byte>.Shared.Rent(range.Length);
        if (await store.ReadAsync(range.Name, range.Offset, content.AsMemory(0, range.Length), token) != range.Length)
        {
            throw new InvalidDataException($"'{range.Name}' is shorter than the listing says");
        }

        using var file = File.OpenHandle(Path.Combine(root, range.Name.Value), FileMode.Open, FileAccess.Write, FileShare.Write);
        RandomAccess.Write(file, content.AsSpan(0, range.Length), range.Offset);
        System.Buffers.ArrayPool<byte>.Shared.Return(content);
    });
}
