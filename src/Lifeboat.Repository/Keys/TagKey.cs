using System.Security.Cryptography;
using Lifeboat.Repository.Encoding;

namespace Lifeboat.Repository.Keys;

/// <summary>
/// The key of content identities of one cluster: page tags, extent and frame ids, content tags of WAL. Immutable and
/// shared; each thread takes a <see cref="ContentHasher"/> of its own.
/// </summary>
public sealed class TagKey
{
    private readonly byte[] _key;
    private readonly Lazy<ParallelHmac?> _parallel;

    internal TagKey(ReadOnlySpan<byte> key)
    {
        _key = key.ToArray();
        _parallel = new Lazy<ParallelHmac?>(() => ParallelHmac.IsSupported ? new ParallelHmac(_key) : null);
    }

    /// <summary>For many pages at once; null where the processor has no vectors for it.</summary>
    /// <remarks>Compiled at its first use, which takes as long as hashing some tens of MiB one after the other.</remarks>
    internal ParallelHmac? Parallel => _parallel.Value;

    internal ContentHasher NewHasher() => new(IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key));
}

/// <summary>HMAC-SHA-256 cut to 16 bytes. Used by one thread at a time.</summary>
internal sealed class ContentHasher(IncrementalHash hash) : IDisposable
{
    internal void Append(ReadOnlySpan<byte> content) => hash.AppendData(content);

    internal Id128 Finish()
    {
        Span<byte> full = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(full);
        return Id128.Read(full);
    }

    internal Id128 Of(ReadOnlySpan<byte> content)
    {
        hash.AppendData(content);
        return Finish();
    }

    public void Dispose() => hash.Dispose();
}
