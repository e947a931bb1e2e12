using Lifeboat.Platform.Files;

namespace Lifeboat.Testing.Servers;

/// <summary>
/// A folder for one test, removed with everything in it at the end, unless <c>LIFEBOAT_TEST_KEEP</c> is set. Its path
/// is short (a unix socket's name has 107 bytes at most) and the user postgres can pass through it.
/// </summary>
public sealed class TemporaryFolder : IDisposable
{
    private const int PassThrough = 0b111_001_001;
    private const int OwnerOnly = 0b111_000_000;

    private static readonly PosixFileSystem s_files = PosixFileSystem.Instance;

    public TemporaryFolder()
    {
        var parent = Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 and < 40 } chosen ? chosen : "/tmp";
        Root = Path.Combine(Path.GetFullPath(parent), "lb-" + Path.GetRandomFileName().Replace(".", ""));
        Directory.CreateDirectory(Root);
        s_files.SetMode(Root, PassThrough);
    }

    public string Root { get; }

    /// <summary>The path of a name in this folder; nothing is created.</summary>
    public string this[string name] => Path.Combine(Root, name);

    /// <summary>Creates a folder that the user postgres owns, mode 0700 as a data directory must have.</summary>
    public string CreateForPostgres(string name)
    {
        var path = Create(name);
        s_files.SetMode(path, OwnerOnly);
        PostgresUser.Own(path);
        return path;
    }

    /// <summary>Creates a folder that the test's own user owns.</summary>
    public string Create(string name)
    {
        var path = this[name];
        Directory.CreateDirectory(path);
        return path;
    }

    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable("LIFEBOAT_TEST_KEEP") is null or "")
        {
            // Not Directory.Delete: names that are not UTF-8 are among what tests create.
            PostgresUser.Coreutils("rm", "-rf", "--", Root);
        }
    }
}
