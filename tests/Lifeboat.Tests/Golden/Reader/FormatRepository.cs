using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Lifeboat.Tests.Golden.Reader;

/// <summary>
/// A repository as read from docs/format alone, with nothing of the program: what cannot be read so is missing in the
/// specification.
/// </summary>
internal sealed class FormatRepository
{
    private readonly Dictionary<string, byte[]> _keys = new() { [new string('0', 32)] = new byte[32] };
    private readonly Dictionary<string, FormatContainer> _objects = new(StringComparer.Ordinal);

    private FormatRepository()
    {
    }

    /// <summary>Every object, by its name.</summary>
    internal IReadOnlyDictionary<string, FormatContainer> Objects => _objects;

    internal IReadOnlyDictionary<string, FormatCluster> Clusters { get; private set; } =
        new Dictionary<string, FormatCluster>();

    /// <param name="wrappingKey">Makes the key that wraps the master key, of a key object's document; null without encryption.</param>
    internal static FormatRepository Read(string folder, Func<JsonElement, byte[]>? wrappingKey)
    {
        var repository = new FormatRepository();
        var names = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal).ToList();
        FormatContainer Open(string name) => repository._objects[name] =
            FormatContainer.Read(name, File.ReadAllBytes(Path.Combine(folder, name)), id => repository._keys[id]);

        var record = Open("lifeboat-repository").Document;
        var id = record.GetProperty("id").GetString()!;
        foreach (var name in names.Where(name => name.StartsWith("keys/", StringComparison.Ordinal)))
        {
            var key = Open(name).Document;
            var wrapped = key.GetProperty("wrapped").GetBytesFromBase64();
            var master = new byte[32];
            using var cipher = new AesGcm(wrappingKey!(key), 16);
            cipher.Decrypt(wrapped.AsSpan(0, 12), wrapped.AsSpan(12, 32), wrapped.AsSpan(44), master, Convert.FromHexString(id));
            repository._keys[id] = FormatCrypto.Derive(master, "lifeboat repository v0");
        }

        if (record.GetProperty("encrypted").GetBoolean() != (wrappingKey is not null))
        {
            throw new FormatError("the record of the repository does not tell whether it is encrypted");
        }

        var clusters = new Dictionary<string, FormatCluster>();
        foreach (var name in names.Where(name => name.Split('/') is ["clusters", _, "cluster"]))
        {
            var cluster = Open(name).Document;
            repository._keys[cluster.GetProperty("id").GetString()!] = cluster.GetProperty("dataKey").GetBytesFromBase64();
            clusters[name.Split('/')[1]] = new FormatCluster(
                repository, name[..^"cluster".Length], cluster.GetProperty("tagKey").GetBytesFromBase64());
        }

        foreach (var name in names.Where(name => !repository._objects.ContainsKey(name)))
        {
            Open(name);
        }

        repository.Clusters = clusters;
        return repository;
    }

    internal static byte[] OfKeyFile(JsonElement key, byte[] secret) =>
        FormatCrypto.Derive(secret, "lifeboat key file v0", key.GetProperty("salt").GetBytesFromBase64());

    internal static byte[] OfPassphrase(JsonElement key, string passphrase) => Rfc2898DeriveBytes.Pbkdf2(
        Encoding.UTF8.GetBytes(passphrase),
        key.GetProperty("salt").GetBytesFromBase64(),
        key.GetProperty("iterations").GetInt32(),
        HashAlgorithmName.SHA512,
        32);
}
