using System.Security.Cryptography;
using Lifeboat.Platform.Errors;
using Lifeboat.Platform.Files;
using Lifeboat.Postgres.Format.Manifest;

namespace Lifeboat.Engine.Backup.Physical.Streamed;

/// <summary>
/// Compares what came with what the server's manifest says that it sent: every file of the one must be in the other, with
/// the same size and CRC-32C. Of a file some fifty bytes are kept until the other side has told it. Safe for concurrent use.
/// </summary>
internal sealed class ManifestComparison
{
    private readonly Lock _lock = new();
    private readonly HashSet<UInt128> _paths = [];
    private readonly Dictionary<UInt128, (long Size, uint Crc, bool IsReceived)> _open = [];
    private string? _different;

    /// <summary>A path of an archive; each comes once.</summary>
    /// <exception cref="LifeboatException">Damaged: it came already.</exception>
    internal void Take(byte[] path)
    {
        lock (_lock)
        {
            if (!_paths.Add(KeyOf(path)))
            {
                throw Damaged(PosixPath.Display(PosixPath.Decode(path)), "the server sent it twice");
            }
        }
    }

    internal void Received(byte[] path, long size, uint crc) => Match(path, size, crc, isReceived: true);

    /// <exception cref="LifeboatException">Damaged: it has no CRC-32C, which was asked for.</exception>
    internal void Listed(ManifestFile file)
    {
        if (file.Algorithm != ManifestChecksumAlgorithm.Crc32C)
        {
            throw Damaged(PosixPath.Display(file.Path), "the server's manifest has no CRC-32C of it");
        }

        // As the bytes lie in memory: see ManifestFile.Crc32CHex.
        var crc = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(Convert.ToUInt32(file.Checksum, 16));
        Match(PosixPath.Encode(file.Path), file.Size, crc, isReceived: false);
    }

    /// <summary>To be called when both sides have told everything.</summary>
    /// <exception cref="LifeboatException">Damaged.</exception>
    internal void RequireSame()
    {
        if (_different is { } path)
        {
            throw Damaged(path, "what came has another size or CRC-32C than the server's manifest says");
        }

        if (_open.Count > 0)
        {
            var received = _open.Values.Count(file => file.IsReceived);
            throw Damaged(
                "", $"{_open.Count - received} files of the server's manifest did not come, and {received} came that are not in it");
        }
    }

    private void Match(byte[] path, long size, uint crc, bool isReceived)
    {
        var key = KeyOf(path);
        lock (_lock)
        {
            if (!_open.TryGetValue(key, out var other) || other.IsReceived == isReceived)
            {
                _open[key] = (size, crc, isReceived);
                return;
            }

            _open.Remove(key);
            if (other.Size != size || other.Crc != crc)
            {
                _different ??= PosixPath.Display(PosixPath.Decode(path));
            }
        }
    }

    private static UInt128 KeyOf(byte[] path)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(path, hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    private static LifeboatException Damaged(string subject, string cause) => new(new Failure(
        ErrorCode.Damaged,
        "compare what came with the server's manifest",
        subject,
        cause,
        Hint: "Nothing is listed. Bytes were changed or lost on the way, or by this machine's memory: run the backup again."));
}
