using System.Buffers;
using System.Security.Cryptography;

namespace Lifeboat.Postgres.Format.Manifest;

/// <summary>
/// Reads a manifest in pieces, as it comes: each file is told as soon as its line is there, and none is kept. A line is
/// one file, as the server writes it; the rest must be what a manifest without files is.
/// </summary>
/// <param name="tell">Called for each file; the manifest's own checksum is compared only at the end.</param>
public sealed class BackupManifestLines(Action<ManifestFile> tell) : IDisposable
{
    /// <summary>A path of 4096 bytes, each written as an escape, and what stands around it.</summary>
    private const int LongestLine = 64 << 10;

    private const int LongestRest = 1 << 20;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ArrayBufferWriter<byte> _rest = new();
    private readonly ArrayBufferWriter<byte> _line = new();
    private byte[]? _last;

    /// <exception cref="Platform.Errors.LifeboatException">Damaged.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n') + 1;
            var part = end > 0 ? bytes[..end] : bytes;
            bytes = bytes[part.Length..];
            _line.Write(part);
            if (_line.WrittenCount > LongestLine || _rest.WrittenCount > LongestRest)
            {
                throw BackupManifestReader.Bad("a line of it, or what is not a file, is too long");
            }

            if (end > 0)
            {
                Take(_line.WrittenSpan);
                _line.ResetWrittenCount();
            }
        }
    }

    /// <summary>All but the files, once its own checksum holds.</summary>
    /// <exception cref="Platform.Errors.LifeboatException">Damaged, or UnknownFormat.</exception>
    public BackupManifest Complete()
    {
        if (_last is null || _line.WrittenCount > 0)
        {
            throw BackupManifestReader.Bad("the last line is cut off");
        }

        if (!_last.AsSpan().SequenceEqual(BackupManifestReader.LastLine(_hash.GetHashAndReset())))
        {
            throw BackupManifestReader.Bad("its own checksum does not hold");
        }

        _rest.Write(_last);
        return BackupManifestReader.ReadVerified(_rest.WrittenSpan);
    }

    public void Dispose() => _hash.Dispose();

    private void Take(ReadOnlySpan<byte> line)
    {
        // Which line is the last is known when there is none behind it.
        if (_last is not null)
        {
            _hash.AppendData(_last);
            if (!IsFile(_last))
            {
                _rest.Write(_last);
            }
        }

        _last = line.ToArray();
        if (IsFile(line))
        {
            tell(BackupManifestReader.ReadFile(line.TrimEnd("\n,"u8)));
        }
    }

    private static bool IsFile(ReadOnlySpan<byte> line) =>
        line.StartsWith("{ \"Path\":"u8) || line.StartsWith("{ \"Encoded-Path\":"u8);
}
