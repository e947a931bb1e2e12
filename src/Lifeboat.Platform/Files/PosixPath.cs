using System.Text;

namespace Lifeboat.Platform.Files;

/// <summary>
/// Names of the kernel are bytes; strings are UTF-16. A byte that is not part of valid UTF-8 becomes the lone low
/// surrogate U+DC00 + byte, which valid UTF-8 never yields, so that the way there and back is exact for every name.
/// </summary>
public static class PosixPath
{
    private const char EscapeBase = '\uDC00';

    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder(bytes.Length);
        while (bytes.Length > 0)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var used) == System.Buffers.OperationStatus.Done)
            {
                text.Append(rune.ToString());
            }
            else
            {
                // Only this byte is escaped: what follows it may be valid on its own.
                used = 1;
                text.Append((char)(EscapeBase + bytes[0]));
            }

            bytes = bytes[used..];
        }

        return text.ToString();
    }

    /// <summary>The bytes of a name, without a terminating zero.</summary>
    /// <exception cref="ArgumentException">A surrogate that <see cref="Decode"/> cannot have made, or a NUL.</exception>
    public static byte[] Encode(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("a path cannot contain a NUL byte", nameof(path));
        }

        if (!HasSurrogate(path))
        {
            return Encoding.UTF8.GetBytes(path);
        }

        var bytes = new List<byte>(path.Length + 16);
        Span<byte> utf8 = stackalloc byte[4];
        for (var at = 0; at < path.Length;)
        {
            if (Rune.TryGetRuneAt(path, at, out var rune))
            {
                bytes.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
                at += rune.Utf16SequenceLength;
                continue;
            }

            var escaped = path[at] - EscapeBase;
            if (escaped is < 0x80 or > 0xFF)
            {
                throw new ArgumentException("a path contains a surrogate that stands for no byte", nameof(path));
            }

            bytes.Add((byte)escaped);
            at++;
        }

        return [.. bytes];
    }

    /// <summary>A form that can be shown and logged: control characters and escaped bytes as <c>\xNN</c>.</summary>
    public static string Display(string path)
    {
        var text = new StringBuilder(path.Length);
        for (var at = 0; at < path.Length; at++)
        {
            var character = path[at];
            if (character < ' ' || character == '\x7F')
            {
                text.Append($"\\x{(int)character:x2}");
            }
            else if (char.IsLowSurrogate(character) && (at == 0 || !char.IsHighSurrogate(path[at - 1])))
            {
                text.Append($"\\x{(character - EscapeBase) & 0xFF:x2}");
            }
            else
            {
                text.Append(character);
            }
        }

        return text.ToString();
    }

    public static string Combine(string directory, string name) =>
        directory.Length == 0 ? name : directory.EndsWith('/') ? directory + name : $"{directory}/{name}";

    /// <summary>Everything before the last slash; <c>/</c> for a name in the root, <c>.</c> for a bare name.</summary>
    public static string Parent(string path)
    {
        var slash = path.TrimEnd('/').LastIndexOf('/');
        return slash switch { < 0 => ".", 0 => "/", _ => path[..slash] };
    }

    public static string Name(string path)
    {
        var trimmed = path.TrimEnd('/');
        return trimmed[(trimmed.LastIndexOf('/') + 1)..];
    }

    private static bool HasSurrogate(string path)
    {
        foreach (var character in path)
        {
            if (char.IsSurrogate(character))
            {
                return true;
            }
        }

        return false;
    }
}
