using System.Text.RegularExpressions;
using Xunit;

namespace Lifeboat.Tests.Tidy;

/// <summary>The house's style as far as a machine can judge it; the words it looks for are put together here.</summary>
public sealed partial class TidyTests
{
    private const int MostLines = 400;

    [Fact]
    public async Task No_source_file_is_longer_than_a_reader_can_hold()
    {
        var files = await TrackedFiles.ReadAsync();
        TrackedFiles.AssertNone(files.Of(".cs")
            .Select(file => (file.Path, Lines: file.Text.Split('\n').Length - 1))
            .Where(file => file.Lines > MostLines)
            .Select(file => $"{file.Path}: {file.Lines} lines"));
    }

    [Fact]
    public async Task Nothing_is_marked_as_unfinished()
    {
        var files = await TrackedFiles.ReadAsync();
        TrackedFiles.AssertNone(files.Of(".cs").Matches(Unfinished()));
        TrackedFiles.AssertNone(
            files.Where(file => file.Path.StartsWith("eng/", StringComparison.Ordinal)).Matches(Unfinished()));
    }

    [Fact]
    public async Task No_test_is_skipped_or_cannot_fail() =>
        TrackedFiles.AssertNone((await TrackedFiles.ReadAsync())
            .Where(file => file.Path.StartsWith("tests/", StringComparison.Ordinal))
            .Matches(Toothless()));

    [Fact]
    public async Task No_registry_host_and_no_path_of_a_machine_is_named() =>
        TrackedFiles.AssertNone((await TrackedFiles.ReadAsync()).Matches(Place()));

    [Fact]
    public async Task Lines_end_with_LF_alone_and_files_with_one_line_break()
    {
        var files = (await TrackedFiles.ReadAsync())
            .Where(file => file.Text.Length > 0 && file.Path != "LICENSE")
            .ToList();
        TrackedFiles.AssertNone(files.Matches(TrailingSpace()));
        TrackedFiles.AssertNone(files
            .Where(file => !file.Text.EndsWith('\n') || file.Text.EndsWith("\n\n", StringComparison.Ordinal))
            .Select(file => file.Path));
    }

    [Fact]
    public async Task No_file_or_folder_is_named_for_odds_and_ends() =>
        TrackedFiles.AssertNone(
            (await TrackedFiles.ReadAsync()).Select(file => file.Path).Where(path => OddsAndEnds().IsMatch(path)));

    [Fact]
    public async Task Every_namespace_is_that_of_its_file_alone() =>
        TrackedFiles.AssertNone((await TrackedFiles.ReadAsync()).Of(".cs").Matches(BlockNamespace()));

    [Fact]
    public async Task Every_script_ends_at_its_first_error()
    {
        var scripts = (await TrackedFiles.ReadAsync())
            .Where(file => file.Text.StartsWith("#!/usr/bin/env bash", StringComparison.Ordinal))
            .ToList();
        Assert.Contains("eng/demo", scripts.Select(script => script.Path));
        TrackedFiles.AssertNone(scripts
            .Where(script => !script.Text.Contains("\nset -euo pipefail\n", StringComparison.Ordinal))
            .Select(script => script.Path));
    }

    [GeneratedRegex(@"NotImplemented" + @"Exception|PlatformNotSupported" + @"Exception\(\)|\bTO" + @"DO\b|\bFIX"
        + @"ME\b|\bHA" + @"CK\b")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"\[(Fact|Theory)\(Skip" + @"|\bSkip ?= ?""|Assert\.True" + @"\(true\)|Assert\.Skip" + @"\(")]
    private static partial Regex Toothless();

    [GeneratedRegex("deb" + @"\.debian\.|registry" + @"\.npmjs|api" + @"\.nuget|(^|[^\w.])/wor" + @"k/|/far" + @"m/"
        + "|/var/tmp/par" + "ts")]
    private static partial Regex Place();

    [GeneratedRegex(@"[ \t\r]$")]
    private static partial Regex TrailingSpace();

    [GeneratedRegex(@"(^|/)(Common|Shared|Utils?|Utilities|Helpers?|Misc)(/|\.)|(Helpers?|Utils?)\.cs$")]
    private static partial Regex OddsAndEnds();

    [GeneratedRegex(@"^namespace [\w.]+\s*\{?\s*$")]
    private static partial Regex BlockNamespace();
}
