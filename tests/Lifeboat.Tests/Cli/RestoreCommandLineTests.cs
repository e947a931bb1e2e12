using System.Diagnostics;
using Lifeboat.Cli.Options;
using Lifeboat.Cli.Targets;
using Xunit;

namespace Lifeboat.Tests.Cli;

public sealed class RestoreCommandLineTests
{
    [Fact]
    public void Plain_words_stay_plain_and_paths_become_absolute()
    {
        Assert.Equal(
            "/usr/bin/lifeboat wal fetch %f \"%p\" --repository /backup/lifeboat --cluster main --key-file /etc/key",
            Line(["/usr/bin/lifeboat"], ("repository", "file:///backup/lifeboat"), ("key-file", "/etc/x/../key")));
        Assert.Contains(
            $"--repository {Path.GetFullPath("there")}", Line(["l"], ("repository", "there")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/with space/x")]
    [InlineData("/it's/\"quoted\"")]
    [InlineData("/$HOME/`id`/$(id)/\\n")]
    [InlineData("/100%/%p/%f/%%")]
    [InlineData("/a;b&c|d>e<f*g?h[i]#j~k!")]
    [InlineData("/line\nbreak")]
    [InlineData("/gr\u00fc\u00dfe")]
    public async Task A_shell_gives_back_every_path_as_it_was(string path)
    {
        var line = Line(["/bin/printf", "%s\\n"], ("repository", path));
        // PostgreSQL replaces what follows a percent sign before the shell sees the line; a doubled one becomes one.
        var replaced = line.Replace("%%", "\u0001").Replace("%f", "F").Replace("%p", "P").Replace("\u0001", "%");
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", replaced },
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.Equal($"wal\nfetch\nF\nP\n--repository\n{path}\n--cluster\nmain\n", output);
    }

    [Fact]
    public void The_secret_itself_is_never_in_the_line()
    {
        var line = RestoreCommandLine.Of(
            new Settings(
                new Dictionary<string, IReadOnlyList<string>> { ["repository"] = ["/r"] },
                name => name == "LIFEBOAT_PASSPHRASE" ? "canary" : null,
                null,
                "restore"),
            ["lifeboat"]);
        Assert.DoesNotContain("canary", line, StringComparison.Ordinal);
    }

    private static string Line(string[] program, params (string Name, string Value)[] given) => RestoreCommandLine.Of(
        new Settings(
            given.ToDictionary(item => item.Name, item => (IReadOnlyList<string>)[item.Value]), _ => null, null, "restore"),
        program);
}
