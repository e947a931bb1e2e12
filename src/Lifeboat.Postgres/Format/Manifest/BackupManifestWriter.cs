using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Lifeboat.Platform.Files;

namespace Lifeboat.Postgres.Format.Manifest;

/// <summary>
/// Writes a manifest byte for byte as the server does (backup_manifest.c): one object per line, a comma before each but
/// the first, and as the last line the SHA-256 of everything before it. Files come in any order, one call each; then
/// <see cref="Complete"/>, without which the manifest is no manifest.
/// </summary>
/// <remarks>
/// Nothing is kept: what is written goes into <paramref name="output"/> at once, so the caller may empty it between two
/// calls. Not for use by several threads at once.
/// </remarks>
public sealed class BackupManifestWriter(IBufferWriter<byte> output) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly StringBuilder _line = new();
    private bool _begun;
    private bool _anyFile;
    private bool _completed;

    /// <summary>Writes the head. Must come first, once.</summary>
    /// <param name="version">1 or 2, see <see cref="BackupManifest.VersionOfMajor"/>.</param>
    /// <param name="systemIdentifier">Written in version 2 only.</param>
    public void Begin(int version, ulong systemIdentifier)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(version, 2);
        if (_begun)
        {
            throw new InvalidOperationException("the manifest has been begun already");
        }

        _begun = true;
        Write($"{{ \"{BackupManifest.VersionKey}\": {version},\n");
        if (version == 2)
        {
            Write($"\"{BackupManifest.SystemIdentifierKey}\": {systemIdentifier},\n");
        }

        Write($"\"{BackupManifest.FilesKey}\": [");
    }

    /// <exception cref="ArgumentException">
    /// The path is empty or has a NUL, the size is negative, or the checksum is not that of its algorithm.
    /// </exception>
    public void Add(ManifestFile file)
    {
        RequireOpen();
        Check(file);
        _line.Clear();
        _line.Append(_anyFile ? ",\n" : "\n");
        _anyFile = true;
        AppendPath(file.Path);
        _line.Append(CultureInfo.InvariantCulture, $", \"Size\": {file.Size}, \"Last-Modified\": \"");
        _line.Append(file.LastModified.UtcDateTime.ToString(BackupManifest.TimeFormat, CultureInfo.InvariantCulture));
        _line.Append('"');
        if (file.Algorithm != ManifestChecksumAlgorithm.None)
        {
            var name = ManifestChecksumAlgorithms.NameOf(file.Algorithm);
            _line.Append($", \"Checksum-Algorithm\": \"{name}\", \"Checksum\": \"{file.Checksum}\"");
        }

        _line.Append(" }");
        Write(_line.ToString());
    }

    /// <summary>Writes the WAL ranges and the manifest's own checksum. Must come last, once.</summary>
    /// <param name="walRanges">Newest timeline first, see <see cref="TimelineHistory.WalRanges"/>.</param>
    public void Complete(IReadOnlyList<WalRange> walRanges)
    {
        RequireOpen();
        if (walRanges.Count == 0)
        {
            throw new ArgumentException("a backup needs at least one stretch of WAL", nameof(walRanges));
        }

        _completed = true;
        Write($"\n],\n\"{BackupManifest.WalRangesKey}\": [\n");
        for (var index = 0; index < walRanges.Count; index++)
        {
            var range = walRanges[index];
            Write(string.Create(
                CultureInfo.InvariantCulture,
                $"{(index == 0 ? "" : ",\n")}{{ \"Timeline\": {range.Timeline}, \"Start-LSN\": \"{range.Start}\", ")
                + $"\"End-LSN\": \"{range.End}\" }}");
        }

        Write("\n],\n");
        var checksum = Convert.ToHexStringLower(_hash.GetHashAndReset());
        output.Write(Encoding.ASCII.GetBytes($"\"{BackupManifest.ChecksumKey}\": \"{checksum}\"}}\n"));
    }

    public void Dispose() => _hash.Dispose();

    private static void Check(ManifestFile file)
    {
        if (file.Path.Length == 0)
        {
            throw new ArgumentException("a file of a manifest needs a path", nameof(file));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(file.Size);
        if (file.Checksum.Length != 2 * ManifestChecksumAlgorithms.LengthOf(file.Algorithm)
            || file.Checksum.AsSpan().ContainsAnyExcept("0123456789abcdef"))
        {
            throw new ArgumentException($"'{file.Checksum}' is no checksum by {file.Algorithm}", nameof(file));
        }
    }

    private void AppendPath(string path)
    {
        var bytes = PosixPath.Encode(path);
        if (!Utf8.IsValid(bytes))
        {
            _line.Append($"{{ \"Encoded-Path\": \"{Convert.ToHexStringLower(bytes)}\"");
            return;
        }

        _line.Append("{ \"Path\": \"");
        foreach (var character in path)
        {
            // The escapes of PostgreSQL's escape_json, and no others: all else stands for itself.
            _ = character switch
            {
                '\b' => _line.Append("\\b"),
                '\f' => _line.Append("\\f"),
                '\n' => _line.Append("\\n"),
                '\r' => _line.Append("\\r"),
                '\t' => _line.Append("\\t"),
                '"' => _line.Append("\\\""),
                '\\' => _line.Append("\\\\"),
                < ' ' => _line.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => _line.Append(character),
            };
        }

        _line.Append('"');
    }

    private void RequireOpen()
    {
        if (!_begun || _completed)
        {
            throw new InvalidOperationException("files come between the manifest's head and its end");
        }
    }

    private void Write(string text)
    {
        var buffer = output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        var written = Encoding.UTF8.GetBytes(text, buffer);
        _hash.AppendData(buffer[..written]);
        output.Advance(written);
    }
}
