using System.Security.Cryptography;

namespace Lifeboat.Repository.Keys;

/// <summary>
/// The key of content identities of one cluster: page tags, extent and frame ids, content tags of WAL. Immutable and
/// shared; each thread takes a <see cref="ContentHasher"/> of its own.
/// </summary>
public sealed class TagKey
{
    private readonly byte[] _key;
    private readonly byte[] _hashKey;
    private readonly byte[] _coverKey;

    internal TagKey(ReadOnlySpan<byte> key)
    {
        _key = key.ToArray();
        _hashKey = Derive("lifeboat piece hash v0"u8);
        _coverKey = Derive("lifeboat piece cover v0"u8);
    }

    internal ContentHasher NewHasher() => new(_key, _hashKey, _coverKey);

    private byte[] Derive(ReadOnlySpan<byte> info)
    {
        var derived = new byte[SealingKey.Size];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, derived, salt: default, info);
        return derived;
    }
}
