using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Lifeboat.Testing.Servers;

namespace Lifeboat.Testing.Golden;

/// <summary>
/// A repository that was made once by the program and real servers (<c>eng/golden</c>) and must be read for ever:
/// tests/fixtures/golden/v0/NAME, with what is to be found in it.
/// </summary>
/// <param name="Name">Of its folder.</param>
public sealed record GoldenRepository(string Name)
{
    /// <summary>The passphrase of the one that has one.</summary>
    public const string Passphrase = "correct horse battery staple";

    private const string Archive = "repository.tar.gz";

    /// <summary>All of them, by what opens them.</summary>
    public static IReadOnlyList<string> Names { get; } = ["plain", "keyfile", "passphrase"];

    /// <summary>Where they are kept in the sources.</summary>
    public static string Root => Path.Combine(RepositoryFolder.Root, "tests", "fixtures", "golden", "v0");

    /// <summary>What the program must say of it, and what its WAL and its restored backups are.</summary>
    public JsonObject Expected => Read("expected.json").AsObject();

    /// <summary>Damages of it, each with what must be said of it.</summary>
    public JsonArray Damages => File.Exists(this["damages.json"]) ? Read("damages.json").AsArray() : [];

    /// <summary>A path in its folder.</summary>
    public string this[string file] => Path.Combine(Root, Name, file);

    /// <summary>What a command line needs besides the repository's place.</summary>
    public IReadOnlyList<string> SecretOptions => Name == "keyfile" ? ["--key-file", this["key"]] : [];

    /// <summary>What the program's environment needs.</summary>
    public IReadOnlyDictionary<string, string> Variables => Name == "passphrase"
        ? new Dictionary<string, string> { ["LIFEBOAT_PASSPHRASE"] = Passphrase }
        : [];

    /// <summary>Packs a folder with <c>repository</c> in it, and <c>markers</c> of lineages beside it.</summary>
    public void Pack(string folder)
    {
        Directory.CreateDirectory(this[""]);
        PostgresUser.Coreutils(
            "tar", "-C", folder, "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX",
            "--use-compress-program=gzip -9n", "-cf", this[Archive], "repository", "markers");
    }

    /// <summary>Unpacks it into a folder that exists; the repository is then <c>repository</c> in it.</summary>
    public void Unpack(string folder)
    {
        using var packed = File.OpenRead(this[Archive]);
        using var tar = new GZipStream(packed, CompressionMode.Decompress);
        TarFile.ExtractToDirectory(tar, folder, overwriteFiles: false);
    }

    /// <summary>Writes a document as the fixtures have it.</summary>
    public void Write(string file, JsonNode document) =>
        File.WriteAllText(this[file], document.ToJsonString(GoldenJson.Options) + "\n");

    private JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(this[file]))!;
}
