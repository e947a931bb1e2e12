using Lifeboat.Testing.Files;
using Lifeboat.Testing.Golden;
using Lifeboat.Tests.Cli;

namespace Lifeboat.Tests.Golden;

/// <summary>A golden repository unpacked for one test, and the program inside the test.</summary>
internal sealed class GoldenCopy : IDisposable
{
    private readonly ScratchDirectory _scratch = ScratchDirectory.InMemory();

    internal GoldenCopy(string name)
    {
        Golden = new GoldenRepository(name);
        Golden.Unpack(_scratch.Path);
        Observer = new GoldenObserver(Golden, _scratch.Path, RunAsync);
    }

    internal GoldenRepository Golden { get; }

    internal GoldenObserver Observer { get; }

    /// <summary>A path beside the repository.</summary>
    internal string this[string name] => Path.Combine(_scratch.Path, name);

    /// <summary>The path of an object.</summary>
    internal string Object(string name) => Path.Combine(_scratch.Path, "repository", name);

    /// <summary>The tree of a backup that is restored into a new directory, or the code of the error.</summary>
    internal async Task<(SortedDictionary<string, string> Tree, string? Error)> RestoreAsync(string cluster, string backup)
    {
        var to = this[$"restored-{cluster}-{backup}"];
        var call = await Observer.RestoreAsync(cluster, backup, to, "--target-immediate");
        var result = call.ExitCode == 0
            ? (DirectoryTree.Of(to), null)
            : (new SortedDictionary<string, string>(StringComparer.Ordinal), GoldenObserver.ErrorCode(call));
        Testing.Servers.PostgresUser.Coreutils("rm", "-rf", "--", to, to + ".spaces");
        return result;
    }

    public void Dispose() => _scratch.Dispose();

    private async Task<GoldenCall> RunAsync(IReadOnlyList<string> words)
    {
        var call = await CliCall.RunAsync(
            Golden.Variables.ToDictionary(variable => variable.Key, variable => variable.Value), [.. words]);
        return new GoldenCall(call.ExitCode, call.Out, call.Error);
    }
}
