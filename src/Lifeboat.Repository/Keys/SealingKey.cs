using System.Security.Cryptography;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Keys;

/// <summary>
/// A key that seals objects, under the id that their headers name. Immutable; the bytes never leave this assembly.
/// </summary>
public sealed class SealingKey
{
    internal const int Size = 32;

    private readonly byte[] _key;

    internal SealingKey(Id128 id, ReadOnlySpan<byte> key, bool encrypts)
    {
        if (key.Length != Size)
        {
            throw new ArgumentException("a key has 32 bytes", nameof(key));
        }

        Id = id;
        Encrypts = encrypts;
        _key = key.ToArray();
    }

    /// <summary>Known to everybody: gives integrity against accidents, and keeps nothing secret.</summary>
    internal static SealingKey Public { get; } = new(default, new byte[Size], encrypts: false);

    public Id128 Id { get; }

    /// <summary>Whether what it seals is encrypted as well as authenticated.</summary>
    public bool Encrypts { get; }

    /// <summary>The object key of one object: bound to its whole header, and so to its name and random salt.</summary>
    internal AesGcm ForObject(ReadOnlySpan<byte> header)
    {
        var prefix = "lifeboat object v0"u8;
        var bound = Containers.ContainerHeader.BoundPart(header);
        Span<byte> info = stackalloc byte[prefix.Length + bound.Length];
        prefix.CopyTo(info);
        bound.CopyTo(info[prefix.Length..]);
        Span<byte> key = stackalloc byte[Size];
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256, _key, key, Containers.ContainerHeader.SaltOf(header), info);
        return new AesGcm(key, Containers.ContainerLimits.TagSize);
    }
}
