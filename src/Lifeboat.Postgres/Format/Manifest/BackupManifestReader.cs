using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Postgres.Format.Manifest;

/// <summary>
/// Reads the one object that a manifest is. The server writes nothing that may be left out, so every key must be there
/// once, and no other.
/// </summary>
internal ref struct BackupManifestReader
{
    private Utf8JsonReader _json;

    private BackupManifestReader(ReadOnlySpan<byte> text) => _json = new Utf8JsonReader(text);

    public static BackupManifest Read(ReadOnlySpan<byte> text)
    {
        VerifyChecksum(text);
        return ReadVerified(text);
    }

    /// <summary>Reads one of the objects of the list of files by itself.</summary>
    internal static ManifestFile ReadFile(ReadOnlySpan<byte> line) => Guard(line, static text =>
    {
        var reader = new BackupManifestReader(text);
        reader.Next(JsonTokenType.StartObject);
        return reader.ReadFile();
    });

    /// <summary>Reads a manifest whose checksum was compared already.</summary>
    internal static BackupManifest ReadVerified(ReadOnlySpan<byte> text) =>
        Guard(text, static text => new BackupManifestReader(text).ReadManifest());

    /// <summary>The last line of a manifest.</summary>
    internal static byte[] LastLine(ReadOnlySpan<byte> hash) =>
        Encoding.ASCII.GetBytes($"\"{BackupManifest.ChecksumKey}\": \"{Convert.ToHexStringLower(hash)}\"}}\n");

    private static T Guard<T>(ReadOnlySpan<byte> text, Func<ReadOnlySpan<byte>, T> read)
    {
        try
        {
            return read(text);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw Bad("it is not the JSON that PostgreSQL writes", e);
        }
    }

    internal static LifeboatException Bad(string cause, Exception? inner = null) =>
        Unreadable.File(BackupManifest.FileName, cause, inner);

    /// <summary>The last line holds the SHA-256 of all lines before it.</summary>
    private static void VerifyChecksum(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || text[^1] != '\n')
        {
            throw Bad("the last line is cut off");
        }

        var lastLine = text[(text[..^1].LastIndexOf((byte)'\n') + 1)..];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text[..^lastLine.Length], hash);
        if (!lastLine.SequenceEqual(LastLine(hash)))
        {
            throw Bad("its own checksum does not hold");
        }
    }

    private BackupManifest ReadManifest()
    {
        int? version = null;
        ulong? systemIdentifier = null;
        List<ManifestFile>? files = null;
        List<WalRange>? ranges = null;
        Next(JsonTokenType.StartObject);
        while (NextKey() is { } key)
        {
            // The reader has the checksum verified already; it is always the last line, so nothing can follow it.
            switch (key)
            {
                case BackupManifest.VersionKey when version is null:
                    version = Version();
                    break;
                case BackupManifest.SystemIdentifierKey when version == 2 && systemIdentifier is null:
                    Next(JsonTokenType.Number);
                    systemIdentifier = _json.GetUInt64();
                    break;
                case BackupManifest.FilesKey when version is not null && files is null:
                    files = Files();
                    break;
                case BackupManifest.WalRangesKey when version is not null && ranges is null:
                    ranges = WalRanges();
                    break;
                case BackupManifest.ChecksumKey when ranges is not null:
                    Next(JsonTokenType.String);
                    break;
                default:
                    throw Bad($"the key '{key}' is unknown, comes twice or in the wrong place");
            }
        }

        if (_json.Read())
        {
            throw Bad("there is something behind the manifest");
        }

        if (version is null || files is null || ranges is null || (version == 2 && systemIdentifier is null))
        {
            throw Bad("a part of it is missing");
        }

        return new BackupManifest(version.Value, systemIdentifier, files, ranges);
    }

    private int Version()
    {
        Next(JsonTokenType.Number);
        var version = _json.GetInt32();
        return version is 1 or 2
            ? version
            : throw new LifeboatException(new Failure(
                ErrorCode.UnknownFormat,
                $"read {BackupManifest.FileName}",
                "",
                $"its version {version} is neither 1 nor 2",
                Hint: "use a version of this program that knows the PostgreSQL that wrote it"));
    }

    private List<ManifestFile> Files()
    {
        var files = new List<ManifestFile>();
        var paths = new HashSet<string>(StringComparer.Ordinal);
        Next(JsonTokenType.StartArray);
        while (NextObject())
        {
            var file = ReadFile();
            if (!paths.Add(file.Path))
            {
                throw Bad("a path comes twice");
            }

            files.Add(file);
        }

        return files;
    }

    private ManifestFile ReadFile()
    {
        string? path = null, modified = null, algorithm = null, checksum = null;
        long? size = null;
        while (NextKey() is { } key)
        {
            switch (key)
            {
                case "Path" when path is null:
                    path = NextString();
                    break;
                case "Encoded-Path" when path is null:
                    path = Platform.Files.PosixPath.Decode(Convert.FromHexString(NextString()));
                    break;
                case "Size" when size is null:
                    Next(JsonTokenType.Number);
                    size = _json.GetInt64();
                    break;
                case "Last-Modified" when modified is null:
                    modified = NextString();
                    break;
                case "Checksum-Algorithm" when algorithm is null:
                    algorithm = NextString();
                    break;
                case "Checksum" when checksum is null:
                    checksum = NextString();
                    break;
                default:
                    throw Bad($"a file has the key '{key}', which is unknown or comes twice");
            }
        }

        if (path is null || size is null or < 0 || modified is null || (algorithm is null) != (checksum is null))
        {
            throw Bad("a file lacks its path, size, time or a part of its checksum");
        }

        return new ManifestFile(
            CheckPath(path), size.Value, Time(modified), CheckAlgorithm(algorithm, checksum), checksum ?? "");
    }

    private List<WalRange> WalRanges()
    {
        var ranges = new List<WalRange>();
        Next(JsonTokenType.StartArray);
        while (NextObject())
        {
            uint? timeline = null;
            Lsn? start = null, end = null;
            while (NextKey() is { } key)
            {
                switch (key)
                {
                    case "Timeline" when timeline is null:
                        Next(JsonTokenType.Number);
                        timeline = _json.GetUInt32();
                        break;
                    case "Start-LSN" when start is null:
                        start = Lsn.Parse(NextString());
                        break;
                    case "End-LSN" when end is null:
                        end = Lsn.Parse(NextString());
                        break;
                    default:
                        throw Bad($"a WAL range has the key '{key}', which is unknown or comes twice");
                }
            }

            if (timeline is null or 0 || start is null || end is null || end < start)
            {
                throw Bad("a WAL range lacks its timeline, start or end, or ends before it starts");
            }

            ranges.Add(new WalRange(new Timeline(timeline.Value), start.Value, end.Value));
        }

        return ranges;
    }

    private static DateTimeOffset Time(string text) =>
        DateTimeOffset.TryParseExact(
            text, BackupManifest.TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw Bad($"'{text}' is not a time in GMT");

    private static ManifestChecksumAlgorithm CheckAlgorithm(string? name, string? checksum)
    {
        if (name is null)
        {
            return ManifestChecksumAlgorithm.None;
        }

        return ManifestChecksumAlgorithms.TryParse(name, out var algorithm)
            && algorithm != ManifestChecksumAlgorithm.None
            && checksum!.Length == 2 * ManifestChecksumAlgorithms.LengthOf(algorithm)
            && !checksum.AsSpan().ContainsAnyExcept("0123456789abcdef")
                ? algorithm
                : throw Bad($"'{name}' is no known algorithm, or the checksum is not one of it");
    }

    private static string CheckPath(string path)
    {
        foreach (var part in path.Split('/'))
        {
            if (part is "" or "." or ".." || part.Contains('\0', StringComparison.Ordinal))
            {
                throw Bad($"the path '{Platform.Files.PosixPath.Display(path)}' does not stay in the data directory");
            }
        }

        return path;
    }

    private void Next(JsonTokenType type)
    {
        if (!_json.Read() || _json.TokenType != type)
        {
            throw Bad("it is not the JSON that PostgreSQL writes");
        }
    }

    private string NextString()
    {
        Next(JsonTokenType.String);
        return _json.GetString()!;
    }

    private bool NextObject() => _json.Read() && _json.TokenType switch
    {
        JsonTokenType.StartObject => true,
        JsonTokenType.EndArray => false,
        _ => throw Bad("an object was expected in a list"),
    };

    private string? NextKey() =>
        _json.Read() && _json.TokenType == JsonTokenType.PropertyName ? _json.GetString() : null;
}
