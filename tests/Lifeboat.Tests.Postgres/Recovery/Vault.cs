using System.Text.Json;
using Lifeboat.Testing.Servers;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>A repository in a folder of its own, used by the program as the user postgres, as a host would.</summary>
internal sealed class Vault : IDisposable
{
    private const string PassphraseVariable = "LIFEBOAT_PASSPHRASE";

    private readonly IReadOnlyDictionary<string, string> _variables;

    private Vault(Encryption encryption, string? repository, IReadOnlyDictionary<string, string>? variables)
    {
        _variables = variables ?? new Dictionary<string, string>();
        Encryption = encryption;
        Repository = repository ?? Path.Combine(Folder.CreateForPostgres("v"), "repository");
        KeyFile = Path.Combine(Folder.CreateForPostgres("k"), "key");
    }

    internal TemporaryFolder Folder { get; } = new();

    internal Encryption Encryption { get; }

    internal string Repository { get; }

    internal string KeyFile { get; }

    /// <summary>What a server needs in its environment to archive here.</summary>
    internal IReadOnlyDictionary<string, string?> Environment =>
        new Dictionary<string, string?>(
            _variables.Select(variable => KeyValuePair.Create(variable.Key, (string?)variable.Value))
            .Concat(Encryption == Encryption.Passphrase
                ? [KeyValuePair.Create(PassphraseVariable, (string?)"correct horse battery staple")]
                : []));

    internal string ArchiveCommand =>
        string.Join(' ', [LifeboatProgram.Path, "wal", "push", "%p", .. Place.Select(Quoted)]);

    internal string RestoreCommand =>
        string.Join(' ', [LifeboatProgram.Path, "wal", "fetch", "%f", "\"%p\"", .. Place.Select(Quoted)]);

    private string[] Place => Encryption == Encryption.KeyFile
        ? ["--repository", Repository, "--key-file", KeyFile]
        : ["--repository", Repository];

    /// <param name="repository">Another place than a folder of its own: a path, or a URL.</param>
    /// <param name="variables">What leads there from the environment.</param>
    internal static async Task<Vault> CreateAsync(
        Encryption encryption = Encryption.None,
        string? repository = null,
        IReadOnlyDictionary<string, string>? variables = null)
    {
        var vault = new Vault(encryption, repository, variables);
        (await vault.RunAsync("init", "--cluster", "main")).Expect();
        return vault;
    }

    /// <summary>Settings of a server that archives here.</summary>
    internal PostgresOptions Archiving(PostgresOptions? options = null) =>
        (options ?? PostgresOptions.Default) with { ArchiveCommand = ArchiveCommand, Environment = Environment };

    internal ProgramStart Command(params IReadOnlyList<string> words) =>
        LifeboatProgram.With([.. words, .. Place]) with { AsPostgres = true, Environment = Environment };

    internal Task<ProgramResult> RunAsync(params IReadOnlyList<string> words) =>
        RunningProgram.RunAsync(Command(words));

    /// <summary>Runs a command that must succeed, and reads what it prints.</summary>
    internal async Task<JsonElement> JsonAsync(params IReadOnlyList<string> words) =>
        Parse((await RunAsync([.. words, "--output", "json"])).Expect().Output);

    /// <summary>Runs a command that must fail with this code, and reads the error that it prints.</summary>
    internal async Task<JsonElement> ErrorAsync(int exitCode, params IReadOnlyList<string> words) =>
        ErrorOf(await RunAsync([.. words, "--output", "json"]), exitCode);

    /// <summary>One clear error: a line of its own, with a hint, and never a stack trace.</summary>
    internal static JsonElement ErrorOf(ProgramResult result, int exitCode)
    {
        result.Expect(exitCode);
        var lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var errors = lines.Where(line => line.StartsWith('{')).ToList();
        if (errors.Count != 1 || result.Output.Length > 0
            || lines.Any(line => line.StartsWith("   at ", StringComparison.Ordinal)))
        {
            throw new InvalidOperationException($"not one clear error\n{result}");
        }

        var error = Parse(errors[0]);
        return error.Text("hint").Length > 0 && error.GetProperty("exitCode").GetInt32() == exitCode
            ? error
            : throw new InvalidOperationException($"an error without a hint, or with another exit code\n{result}");
    }

    internal Task<JsonElement> BackupAsync(PostgresServer server, params IReadOnlyList<string> more) =>
        JsonAsync(["backup", "--cluster-dir", server.DataDirectory, "--connection", server.ConnInfo(), .. more]);

    /// <summary>Over the network: without the data directory.</summary>
    internal Task<JsonElement> StreamAsync(PostgresServer server, params IReadOnlyList<string> more) =>
        JsonAsync(["backup", "--method", "stream", "--connection", server.ConnInfo(), .. more]);

    /// <summary>
    /// Restores into a new folder and has pg_verifybackup judge it before anybody starts it.
    /// </summary>
    /// <returns>A server over it, not started.</returns>
    internal async Task<PostgresServer> RestoreAsync(
        PostgresServer source, string name, params IReadOnlyList<string> target)
    {
        var directory = Path.Combine(Folder.CreateForPostgres(name), "data");
        await JsonAsync(["restore", "--to", directory, .. target]);
        await Judges.VerifyBackupAsync(source.Major, directory);
        return PostgresServer.Over(source.Major, directory, source.Options);
    }

    /// <summary>As <see cref="RestoreAsync"/>; starts it and waits until it has recovered and takes writes.</summary>
    internal async Task<PostgresServer> RecoverAsync(
        PostgresServer source, string name, params IReadOnlyList<string> target)
    {
        var server = await RestoreAsync(source, name, target);
        try
        {
            await server.StartAsync();
            await server.WaitUntilPromotedAsync();
            return server;
        }
        catch (Exception failure)
        {
            var log = server.Log;
            await server.DisposeAsync();
            throw new InvalidOperationException(
                $"it did not recover to {string.Join(' ', target)}: {failure.Message}\n{log}", failure);
        }
    }

    internal static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>The ids of the backups that are listed.</summary>
    internal async Task<string[]> ListedAsync() =>
        [.. (await JsonAsync("list")).GetProperty("backups").EnumerateArray().Select(backup => backup.Text("id"))];

    /// <summary>Everything in the repository, as paths relative to it with sizes.</summary>
    internal IReadOnlyDictionary<string, long> Objects() =>
        Directory.EnumerateFiles(Repository, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(Repository, path), path => new FileInfo(path).Length);

    public void Dispose() => Folder.Dispose();

    private static string Quoted(string word) => word.Contains('?', StringComparison.Ordinal) ? $"'{word}'" : word;
}
