using System.Security.Cryptography;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Keys;

/// <summary>The master key, wrapped by one secret (docs/format/repository-v0.md, section 3).</summary>
/// <param name="Repository">The repository whose master key it wraps.</param>
/// <param name="Derivation">How the wrapping key is made from the secret.</param>
/// <param name="Iterations">Of PBKDF2; 0 for a key file.</param>
/// <param name="Salt">32 random bytes.</param>
/// <param name="Wrapped">Nonce (12), ciphertext (32) and tag (16).</param>
internal sealed record KeyRecord(Id128 Repository, string Derivation, int Iterations, byte[] Salt, byte[] Wrapped)
{
    internal static Containers.DocumentForm<KeyRecord> Form { get; } = new(
        static (text, record) => text.Text("repository", record.Repository.ToString())
            .Text("derivation", record.Derivation)
            .Number("iterations", record.Iterations)
            .Text("salt", Convert.ToBase64String(record.Salt))
            .Text("wrapped", Convert.ToBase64String(record.Wrapped)),
        static fields => new KeyRecord(
            fields.Id("repository"),
            fields.Text("derivation"),
            (int)fields.Number("iterations", int.MinValue, int.MaxValue),
            fields.Bytes("salt"),
            fields.Bytes("wrapped")));

    private const int NonceSize = 12;
    private const int TagSize = 16;

    /// <summary>More would let a forged record keep a reader busy for hours.</summary>
    private const int MostIterations = 50_000_000;

    internal static KeyRecord Wrap(Id128 repository, ReadOnlySpan<byte> masterKey, RepositorySecret secret)
    {
        var salt = RandomNumberGenerator.GetBytes(32);
        var iterations = secret is PassphraseSecret ? PassphraseSecret.Iterations : 0;
        var wrapped = new byte[NonceSize + masterKey.Length + TagSize];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceSize));
        using var cipher = new AesGcm(secret.WrappingKey(salt, iterations), TagSize);
        cipher.Encrypt(
            wrapped.AsSpan(0, NonceSize),
            masterKey,
            wrapped.AsSpan(NonceSize, masterKey.Length),
            wrapped.AsSpan(NonceSize + masterKey.Length),
            Bound(repository));
        return new KeyRecord(repository, secret.Derivation, iterations, salt, wrapped);
    }

    /// <summary>The master key; null when this secret is not the one that wrapped it.</summary>
    internal byte[]? Unwrap(RepositorySecret secret)
    {
        if (Derivation != secret.Derivation)
        {
            return null;
        }

        if (Wrapped.Length != NonceSize + SealingKey.Size + TagSize || Salt.Length < 16
            || Iterations is < 0 or > MostIterations || (Iterations == 0) != (Derivation == KeyFileSecret.Name))
        {
            throw new DecodingException("a wrapped key does not have the form of one");
        }

        var masterKey = new byte[SealingKey.Size];
        using var cipher = new AesGcm(secret.WrappingKey(Salt, Iterations), TagSize);
        try
        {
            cipher.Decrypt(
                Wrapped.AsSpan(0, NonceSize),
                Wrapped.AsSpan(NonceSize, SealingKey.Size),
                Wrapped.AsSpan(NonceSize + SealingKey.Size),
                masterKey,
                Bound(Repository));
            return masterKey;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static byte[] Bound(Id128 repository)
    {
        var bytes = new byte[Id128.Size];
        repository.Write(bytes);
        return bytes;
    }
}
