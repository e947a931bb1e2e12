using Lifeboat.Testing.Servers;
using Xunit;

namespace Lifeboat.Tests.Postgres.Harness;

public sealed class RunningProgramTests
{
    [Fact]
    public async Task Both_outputs_and_the_exit_code_are_kept_apart()
    {
        var result = await RunningProgram.RunAsync(
            new ProgramStart("sh", "-c", "cat; echo no >&2; exit 7") { Input = "yes" });

        Assert.Equal(("yes", "no\n", 7), (result.Output, result.Error, result.ExitCode));
        Assert.Throws<InvalidOperationException>(() => result.Expect());
    }

    [Fact]
    public async Task A_program_that_hangs_fails_with_what_it_had_written()
    {
        var start = new ProgramStart("sh", "-c", "echo begun; exec sleep 1000") { Timeout = TimeSpan.FromSeconds(1) };

        var error = await Assert.ThrowsAsync<TimeoutException>(() => RunningProgram.RunAsync(start));

        Assert.Contains("begun", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_can_be_killed_at_the_moment_it_says_something()
    {
        using var program = RunningProgram.Start(new ProgramStart("sh", "-c", "echo now; exec sleep 1000"));
        await program.WaitForTextAsync("now");
        await program.KillAsync();

        Assert.Equal(137, (await program.WaitAsync()).ExitCode);
    }

    [Fact]
    public async Task Variables_of_the_tester_do_not_reach_a_program()
    {
        Environment.SetEnvironmentVariable("LIFEBOAT_OF_TESTER", "x");

        var result = await RunningProgram.RunAsync(
            new ProgramStart("env") { Environment = new Dictionary<string, string?> { ["PGHOST"] = "given" } });

        Assert.Contains("PGHOST=given", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("LIFEBOAT_OF_TESTER", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_user_postgres_can_run_the_program()
    {
        var result = await LifeboatProgram.RunAsPostgresAsync("--version");

        result.Expect();
    }

    [Fact]
    public void A_temporary_folder_is_removed_with_names_that_are_not_utf_8_in_it()
    {
        var folder = new TemporaryFolder();
        var inside = folder.CreateForPostgres("inside");
        using (var process = System.Diagnostics.Process.Start("sh", ["-c", $"touch '{inside}'/\"$(printf '\\377')\""]))
        {
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }

        folder.Dispose();

        Assert.False(Directory.Exists(folder.Root));
    }
}
