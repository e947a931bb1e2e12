using System.Security.Cryptography;

namespace Lifeboat.Repository.Keys;

/// <summary>What a person holds to open an encrypted repository. Never printed: <c>ToString</c> says only its kind.</summary>
public abstract class RepositorySecret
{
    /// <summary>How the wrapping key is made, as recorded in the key object.</summary>
    internal abstract string Derivation { get; }

    /// <summary>The words by which messages name it.</summary>
    public abstract string Description { get; }

    internal abstract byte[] WrappingKey(ReadOnlySpan<byte> salt, int iterations);

    public sealed override string ToString() => Description;
}

/// <summary>A passphrase; deriving its key costs a tenth of a second or more, on purpose.</summary>
public sealed class PassphraseSecret(string passphrase) : RepositorySecret
{
    internal const string Name = "pbkdf2-sha512";
    internal const int Iterations = 210_000;

    internal override string Derivation => Name;

    public override string Description => "passphrase";

    internal override byte[] WrappingKey(ReadOnlySpan<byte> salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, iterations, HashAlgorithmName.SHA512, SealingKey.Size);
}

/// <summary>The bytes of a key file, at least 32 of them, random.</summary>
public sealed class KeyFileSecret : RepositorySecret
{
    internal const string Name = "hkdf-sha256";

    /// <summary>The least bytes of a key file.</summary>
    public const int LeastBytes = 32;

    private readonly byte[] _content;

    public KeyFileSecret(ReadOnlySpan<byte> content)
    {
        if (content.Length < LeastBytes)
        {
            throw new ArgumentException("a key file has at least 32 bytes", nameof(content));
        }

        _content = content.ToArray();
    }

    internal override string Derivation => Name;

    public override string Description => "key file";

    internal override byte[] WrappingKey(ReadOnlySpan<byte> salt, int iterations) =>
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256, _content, SealingKey.Size, salt.ToArray(), "lifeboat key file v0"u8.ToArray());
}
